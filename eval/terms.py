"""What a sentence says in single terms (content words, numbers, names), and which of them a text holds.

A lexical check, and no more: a text that holds every term may still say the opposite.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from rag.lexical import PAIR, WORD, words

GAPS = "'’"  # what stands between groups of three digits, beside comma, point and narrow or unbreakable spaces
GAP = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
NUMBER = re.compile(rf"(?<![^\W_])\d(?:[\d.,{GAPS}]*\d)?")
SPACED = re.compile(r"(?<![^\W_])\d{1,3}(?: \d{3})+(?!\d)")
COMMAS, POINTS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?"), re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?")
GRAMMAR = (
    "a about above after again all also am an and any are as at be because been before being below between both but "
    "by can could did do does doing down during each either else every few for from further had has have having he "
    "her here hers him his how i if in into is it its itself just may me might more most must my neither no nor not "
    "of off on once only or other our out over own per same shall she should so some such than that the their them "
    "then there these they this those through to too under until up upon very was we were what when where which "
    "while who whom whose why will with would yes you your true false"
)
EMPTY = frozenset(GRAMMAR.split())


@dataclass(frozen=True)
class Term:
    """One thing a sentence says. ``keys``: its stem, or every value that its digits may mean. ``exact``: a number or a
    name, which a supporting text must hold."""

    shown: str
    keys: frozenset[object]
    exact: bool


@dataclass(frozen=True)
class Support:
    """How much of a sentence a text holds: ``share`` of its terms (0 to 1), and those that are ``missing``."""

    share: float
    missing: tuple[Term, ...]

    def enough(self, least: float) -> bool:
        """True if every number and name is there, and at least this share of all terms."""
        return self.share >= least and not any(term.exact for term in self.missing)


def terms(text: str) -> list[Term]:
    """The terms of a sentence in its order, each once: numbers, then words that are not mere grammar.

    A word is a name if it begins with a capital letter where no sentence begins (not in a text all of capitals).
    Of scripts without spaces each pair of neighbouring characters is a term.
    """
    text = _normal(text)
    found = [Term(one.group(), frozenset(readings(one.group())), True) for one in NUMBER.finditer(text)]
    rest = NUMBER.sub(" ", text)
    spoken = [one for one in WORD.finditer(rest) if len(one.group()) > 1 and one.group().casefold() not in EMPTY]
    stems = _stems([one.group() for one in spoken])
    named = rest != rest.upper()
    for one, stem in zip(spoken, stems, strict=True):
        name = named and one.group()[0].isupper() and not _begins(rest, one.start())
        found.append(Term(one.group(), stem, name))
    found += [Term(pair, frozenset([pair]), False) for pair in PAIR.findall(rest)]
    return list({term.keys: term for term in reversed(found)}.values())[::-1]


def _stems(spoken: Sequence[str]) -> list[frozenset[object]]:
    """The keys of each word. The search's rules cut some words once more ("İzmir" is two in lower case): of such a word
    the longest part counts."""
    found = words(" ".join(spoken))
    if len(found) == len(spoken):
        return [frozenset([stem]) for stem in found]
    return [frozenset([max(words(one) or [one], key=len)]) for one in spoken]


def _normal(text: str) -> str:
    """One form of each character; spaces that only group digits are left out, before they become ordinary ones."""
    return unicodedata.normalize("NFKC", GAP.sub("", text))


def _begins(text: str, place: int) -> bool:
    before = text[:place].rstrip(" \t\"'“‘(")
    return not before or before[-1] in ".!?:\n"


def keys(text: str) -> set[object]:
    """All that a text holds, in the same form. A number written with spaces counts in both readings."""
    text = _normal(text)
    held: set[object] = set(words(NUMBER.sub(" ", text)))
    for number in [*NUMBER.findall(text), *(spaced.replace(" ", "") for spaced in SPACED.findall(text))]:
        held |= readings(number)
    return held


def support(wanted: Sequence[Term], held: set[object]) -> Support:
    """How many of the terms a text's ``keys`` hold. Nothing is supported where nothing is said."""
    missing = tuple(term for term in wanted if not term.keys & held)
    return Support(1 - len(missing) / len(wanted) if wanted else 0.0, missing)


def readings(number: str) -> set[object]:
    """Every value that digits may mean: "1,200" is 1200, "1.200" may also be 1.2, "3,5" is 3.5, "1.2.3" only itself."""
    bare = re.sub(f"[{GAPS}]", "", number)
    forms = [bare]
    if COMMAS.fullmatch(bare) or bare.count(",") > 1:
        forms = [bare.replace(",", "")]
    elif POINTS.fullmatch(bare):
        forms = [bare.replace(".", "").replace(",", ".")] + ([bare] if bare.count(".") == 1 and "," not in bare else [])
    elif bare.count(",") == 1 and "." not in bare:
        forms = [bare.replace(",", ".")]
    try:
        return {Decimal(form) for form in forms}
    except InvalidOperation:
        return {bare}


def sequence(text: str) -> str:
    """A text's words and numbers in order, in one form, so that "occurs in" means whole words: " 36 months "."""
    text = _normal(text)
    parts, last = [], 0
    for number in NUMBER.finditer(text):
        parts += WORD.findall(text[last : number.start()].casefold())
        parts.append(max(str(value) if isinstance(value, str) else f"{value:f}" for value in _plainest(number.group())))
        last = number.end()
    return f" {' '.join([*parts, *WORD.findall(text[last:].casefold())])} "


def _plainest(number: str) -> list[object]:
    values = readings(number)
    decimals = [value for value in values if isinstance(value, Decimal)]
    return [max(decimals).normalize()] if decimals else list(values)
