"""The plain English words of the invented worlds, read from ``words.txt``."""

from __future__ import annotations

from pathlib import Path


def read_lists() -> dict[str, list[str]]:
    """Every list of ``words.txt`` by its name: words, or whole lines where the name was starred."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            name, whole = line[1:].removesuffix("*"), line.endswith("*")
            found[name] = []
        elif line and not line.startswith("#"):
            found[name] += [line] if whole else line.split()
    return found


LISTS = read_lists()
NOUNS, ADJECTIVES, VERBS = LISTS["nouns"], LISTS["adjectives"], LISTS["verbs"]
COLOURS, MATERIALS, NUMBER_WORDS = LISTS["colours"], LISTS["materials"], LISTS["number_words"]
JOBS, JOB_LEVELS, HOBBIES = LISTS["jobs"], LISTS["job_levels"], LISTS["hobbies"]
WEEKDAYS, MONTHS, STREETS = LISTS["weekdays"], LISTS["months"], LISTS["streets"]
FIRMS, EVENTS, SERVICES, OFFICES = LISTS["firms"], LISTS["events"], LISTS["services"], LISTS["offices"]
DEEDS = [deed.split("/") for deed in LISTS["deeds"]]  # what one does, and did
FIRST_NAMES, LAST_NAMES = LISTS["first_names"], LISTS["last_names"]
TOWN_STARTS, TOWN_ENDS = LISTS["town_starts"], LISTS["town_ends"]
SECTIONS = LISTS["sections"]
FILLERS = LISTS["fillers"]  # {n} noun, {a} adjective, {v} verb, {j} job
REFERENCES = {key.split()[1]: lines for key, lines in LISTS.items() if key.startswith("reference ")}
