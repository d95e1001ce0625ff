"""Characters that nobody sees: taken out where two texts are compared, shown as marks where people read a text."""

from __future__ import annotations

import re

_BREAKS = "\x0b\x0c\x1c-\x1f\x85"  # of lines, pages and records: white space like any other
_CONTROLS = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # all but those, tab and line ends
_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # Unicode's Bidi_Control: they turn what follows around
_TAGS = "\ufff9-\ufffb\U000e0000-\U000e007f"
# Unicode's Default_Ignorable_Code_Point beside those: joiners, zero-width characters, soft hyphens, fillers, selectors
_EMPTY = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff"
)
UNSEEN = re.compile(f"[{_CONTROLS}{_TURNING}{_TAGS}{_EMPTY}]")
MISLEADING = re.compile(f"[{_CONTROLS}{_BREAKS}{_TURNING}{_TAGS}]")


def without(text: str) -> str:
    """The text without anything that cannot be seen, so that nothing unseen makes it another one. White space stays."""
    return UNSEEN.sub("", text)


def shown(text: str) -> str:
    """The text with what could mislead its reader as a mark: U+202E, which turns letters around, as "⟨U+202E⟩".

    Joiners and selectors, which are part of many scripts and of emoji, stay.
    """
    return MISLEADING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
