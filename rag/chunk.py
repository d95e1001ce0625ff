"""Documents to passages: structure first (headings, paragraphs, sentences), then size.

Sizes are counted with the embedder's own tokenizer, so no passage is longer than the embedder reads. Markdown is cut
into the sections below its headings, and each section by plain text rules: the splitter's own Markdown mode cuts a
long paragraph at any inline mark (an apostrophe, say) before it looks for the end of a sentence.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from semantic_text_splitter import TextSplitter
from tokenizers import Tokenizer

from data.schema import Document, Passage

STRUCTURED = {".md", ".markdown", ".docx", ".html", ".htm"}  # what data.documents hands over as Markdown
HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*)$|^[ \t]*(?:```|~~~)", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """The text between one heading line and the next, under its breadcrumb (outermost heading first)."""

    start: int
    end: int
    heading: str


@dataclass(frozen=True)
class Cut:
    """How to cut: at most ``max_tokens`` a passage by this tokenizer, of which neighbours share up to ``overlap``.

    ``tokenizer`` must neither truncate nor pad, or every count would stop at its limit.
    """

    tokenizer: Tokenizer
    max_tokens: int = 160
    overlap: int = 0


class Piece(NamedTuple):
    """One passage's place in a text (characters, from the first to behind the last) and its breadcrumb."""

    start: int
    end: int
    heading: str


def chunk(document: Document, tokenizer: Tokenizer, max_tokens: int = 160, overlap: int = 0) -> list[Passage]:
    """Split a document into passages, ``text == document.text[start:end]``.

    ``in_context`` of a passage (breadcrumb and text) has at most ``max_tokens`` tokens; see ``Cut``.
    """
    return passages(document, pieces(document, Cut(tokenizer, max_tokens, overlap)))


def structured(document: Document) -> bool:
    """True if the text is Markdown, whose headings count."""
    return PurePosixPath(document.id).suffix.lower() in STRUCTURED


def pieces(document: Document, cut: Cut) -> list[Piece]:
    """Where a document is cut. It depends on nothing but the text, ``structured`` and ``cut``."""
    found = []
    for section in _sections(document.text) if structured(document) else [Section(0, len(document.text), "")]:
        heading, capacity = _fit(section.heading, cut.tokenizer, cut.max_tokens)
        splitter = _splitter(cut.tokenizer, capacity, min(cut.overlap, capacity // 2))
        for offset, text in splitter.chunk_indices(document.text[section.start : section.end]):
            start = section.start + offset
            found.append(Piece(start, start + len(text), heading))
    return found


def passages(document: Document, found: Sequence[Piece]) -> list[Passage]:
    """The passages at these places of a document, each with its name and page."""
    seen: Counter[str] = Counter()
    made = []
    for start, end, heading in found:
        text = document.text[start:end]
        seen[text] += 1
        name = passage_id(document.id, text, seen[text])
        page = bisect_right(document.page_starts, start) if document.page_starts else None
        made.append(Passage(name, document.id, text, start, end, heading, page))
    return made


@lru_cache(maxsize=24)
def _splitter(tokenizer: Tokenizer, capacity: int, overlap: int) -> TextSplitter:
    """Kept between documents: each copies the tokenizer, which takes 22 ms and 7 MB, more than splitting a page."""
    return TextSplitter.from_huggingface_tokenizer(tokenizer, capacity, overlap)


def in_context(passage: Passage) -> str:
    """A passage as it is embedded, searched and shown to a model: its breadcrumb, then its text.

    A sentence like "It lasts three years." says nothing without the headings above it.
    """
    return f"{passage.heading}: {passage.text}" if passage.heading else passage.text


def passage_id(document: str, text: str, ordinal: int) -> str:
    """The same for the same text at the same place among its equals, whatever else in the collection changes."""
    return hashlib.sha256(f"{document}\0{ordinal}\0{text}".encode()).hexdigest()[:16]


def _sections(text: str) -> Iterator[Section]:
    """The sections of Markdown. A heading with nothing below it, not even deeper headings, is a section of its own."""
    found = list(_headings(text))
    bounds = [(0, 0, 0, ""), *found]
    trail: list[tuple[int, str]] = []
    for number, (begin, start, level, name) in enumerate(bounds):
        end = bounds[number + 1][0] if number + 1 < len(bounds) else len(text)
        above = " > ".join(title for _, title in trail)
        if level:
            trail = [(depth, title) for depth, title in trail if depth < level]
            above = " > ".join(title for _, title in trail)
            trail.append((level, name))
        deeper = number + 1 < len(bounds) and bounds[number + 1][2] > level
        if text[start:end].strip():
            yield Section(start, end, " > ".join(title for _, title in trail))
        elif level and not deeper:
            yield Section(begin, end, above)


def _headings(text: str) -> Iterator[tuple[int, int, int, str]]:
    """(begin, end, level, name) of heading lines; a "#" inside a fenced block is a comment, not a heading."""
    fenced = False
    for match in HEADING.finditer(text):
        if match.group(1) is None:
            fenced = not fenced
        elif not fenced:
            yield match.start(), match.end(), len(match.group(1)), match.group(2).rstrip(" \t#")


def _fit(heading: str, tokenizer: Tokenizer, max_tokens: int) -> tuple[str, int]:
    """The breadcrumb, its outer headings left out until it takes at most half of a passage, and what is left."""
    while heading:
        used = len(tokenizer.encode(f"{heading}:", add_special_tokens=False))
        if used <= max_tokens // 2:
            return heading, max_tokens - used
        heading = heading.partition(" > ")[2]
    return "", max_tokens
