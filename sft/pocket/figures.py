"""Made-up values with figures in them: numbers, sums of money, dates, times, durations, weights."""

from __future__ import annotations

from random import Random

from sft.pocket import words


def number(r: Random) -> str:
    """A whole number of one to six digits, sometimes with a thousands separator."""
    value = r.randint(2, 10 ** r.randint(1, 6))
    return f"{value:,}" if r.random() < 0.5 else str(value)


def amount(r: Random) -> str:
    """A sum of money in one of the usual ways of writing it."""
    value = r.choice(
        [
            str(r.randint(1, 99)),
            f"{r.randint(1, 999)}.{r.randint(0, 99):02d}",
            f"{r.randint(100, 99999):,}",
            str(r.randint(100, 9999)),
            f"{r.randint(1, 40) * 5}",
        ]
    )
    return r.choice(["{} euros", "€{}", "€ {}", "${}", "{} dollars", "£{}", "{} EUR", "{} crowns", "{} marks"]).format(
        value
    )


def date(r: Random) -> str:
    """A day of the calendar, with or without its year or weekday."""
    day, month, year = r.randint(1, 28), r.randint(1, 12), r.randint(1950, 2039)
    word = words.MONTHS[month - 1]
    return r.choice(
        [
            f"{day} {word} {year}",
            f"{word} {day}, {year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{day} {word}",
            f"{day:02d}.{month:02d}.{year}",
            f"{r.choice(words.WEEKDAYS)}, {day} {word}",
            f"{word} {day}",
        ]
    )


def time(r: Random) -> str:
    """A time of day."""
    hour, minute = r.randint(0, 23), r.choice([0, 0, 15, 30, 45, r.randint(0, 59)])
    return r.choice(
        [
            f"{hour}:{minute:02d}",
            f"{hour:02d}:{minute:02d}",
            f"{hour % 12 + 1} {r.choice(['am', 'pm'])}",
            f"{hour % 12 + 1}:{minute:02d} {r.choice(['a.m.', 'p.m.'])}",
            f"{hour % 12 + 1} o'clock",
        ]
    )


def duration(r: Random) -> str:
    """A length of time."""
    count = r.choice(words.NUMBER_WORDS) if r.random() < 0.35 else str(r.randint(2, 120))
    unit = r.choice(["days", "weeks", "months", "years", "hours", "minutes", "working days", "calendar days"])
    return f"{count} {unit}" if r.random() < 0.9 else f"one {unit[:-1]}"


def hours(r: Random) -> str:
    """From one time to another."""
    start, end, minute = r.randint(6, 11), r.randint(12, 22), r.choice(["00", "30", "15"])
    return r.choice([f"{start}:{minute} to {end}:00", f"{start} am to {end - 11} pm", f"{start}:00 to {end}:{minute}"])


def weight(r: Random) -> str:
    """A weight."""
    return f"{r.choice([r.randint(2, 900), r.randint(11, 99) / 10])} {r.choice(['kg', 'g', 'grams', 'kilos'])}"


def version(r: Random) -> str:
    """A version of two or three numbers."""
    return ".".join(str(r.randint(0, 29)) for _ in range(r.randint(2, 3)))
