"""Text as it is stored: without what nobody can read, and a count of everything that was taken out."""

from __future__ import annotations

import re
from collections import Counter

LONG_WORD = 1_000
BROKEN = re.compile("[\x00\ud800-\udfff]")
CONTROL = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f]")
# Scripts without spaces (Thai to Khmer, Japanese, Chinese, Korean): there a run of letters is no single word,
# and a zero-width space is how a writer marks the end of one.
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"
# Zero-width characters, soft hyphens, overrides of the reading direction, and the invisible "tag" letters. Joiners and
# direction marks are part of Arabic, Persian, Indic and emoji text: they only go from between Latin letters.
INVISIBLE = re.compile(
    f"(?<![{SPACELESS}])\u200b|[\u00ad\u180e\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|(?<=[A-Za-z])[\u200c-\u200f]+(?=[A-Za-z])"
)
# tried only where a word begins: words of 999 letters would otherwise cost the square of their length
ENDLESS = re.compile(rf"(?<![^\s{SPACELESS}])[^\s{SPACELESS}]{{{LONG_WORD},}}")
NO_LETTER = re.compile("[\ufffd\ue000-\uf8ff]")  # what a font without a table of letters leaves behind
POOR_SHARE = 0.02


def clean(text: str, removed: Counter[str]) -> str:
    """The text with "\\n" line ends and without unreadable parts; ``removed`` counts them by kind."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for kind, pattern in (("broken", BROKEN), ("control", CONTROL), ("invisible", INVISIBLE)):
        text, count = pattern.subn("", text)
        removed[kind] += count
    for word in ENDLESS.findall(text):
        removed["words"] += 1
        removed["longest"] = max(removed["longest"], len(word))
    if removed["words"]:
        text = ENDLESS.sub(" ", text)
    removed["poor"] += len(NO_LETTER.findall(text))
    return text


def warnings(removed: Counter[str], kept: int) -> tuple[str, ...]:
    """What ``clean`` took out of a file, in words; ``kept`` is the number of characters left."""
    found = []
    if removed["invisible"]:
        found.append(f"invisible characters: {removed['invisible']} (zero-width or turning the text around) left out")
    if broken := removed["broken"] + removed["control"]:
        found.append(f"low text quality: {broken} unreadable characters (NUL bytes, control codes) left out")
    if removed["words"]:
        found.append(f"low text quality: {removed['words']} words of {LONG_WORD:,} letters or more left out")
    if removed["poor"] > POOR_SHARE * max(kept, 1):
        share = round(100 * removed["poor"] / max(kept, 1))
        found.append(f"low text quality: {share} % of the characters are not letters anybody can read")
    return tuple(found)
