"""The passages of one file: where each comes from, how long it is for the embedder, and what it shares with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data.store import Artifact
from ui import cached, stored
from ui.errand import Refused
from ui.frame import plain

PAGE = 20
BESIDE = 160  # characters shown of the passage before the first, and after the last one of a page


def show(artifact: Artifact, file: str) -> None:
    """A page of the passages of one file, in order."""
    found = stored.passages(artifact, file)
    pages = -(-len(found) // PAGE)
    number = st.pagination(pages, key="knowledge_passages_page") if pages > 1 else 1
    begin = (min(number, pages) - 1) * PAGE
    end = min(begin + PAGE, len(found))
    counts = _counts(artifact, found[begin:end])
    st.caption(plain(_about(artifact, found)))
    if begin and _beside(found[begin - 1], found[begin]):
        _neighbour(f"Passage {begin}, on the page before, ends", f"…{found[begin - 1]['text'][-BESIDE:]}")
    for place in range(begin, end):
        _passage(found, place, counts[place - begin] if counts else "")
    if end < len(found) and _beside(found[end - 1], found[end]):
        _neighbour(f"Passage {end + 1}, on the next page, begins", f"{found[end]['text'][:BESIDE]}…")


def origin(passage: dict[str, Any]) -> str:
    """The document, heading and page of a passage in one line."""
    page = f"page {passage['page']}" if passage.get("page") else ""
    return " · ".join(part for part in (passage["document"], passage.get("heading") or "", page) if part)


def shared(before: dict[str, Any], passage: dict[str, Any]) -> int:
    """Characters that a passage shares with the one before it in its document."""
    return max(0, before["end"] - passage["start"]) if _beside(before, passage) else 0


def parts(passage: dict[str, Any], before: int, after: int) -> tuple[str, str, str]:
    """A passage's text in three: shared with the one before, its own, shared with the one after.

    Together they are the whole text, also where both shared parts meet.
    """
    text = passage["text"]
    last = max(before, len(text) - after)
    return text[:before], text[before:last], text[last:]


def _about(artifact: Artifact, found: Sequence[dict[str, Any]]) -> str:
    """How many passages there are, how they were cut, and how long they are."""
    manifest = cached.json_file(artifact.path / "manifest.json")
    settings, reads = manifest["settings"], manifest["embedder"]["max_tokens"]
    lengths = sorted(len(passage["text"]) for passage in found)
    return (
        f"{len(found)} {'passage' if len(found) == 1 else 'passages, in order'}; cut at {settings['chunk_tokens']} "
        f"tokens, {_overlap(settings['overlap_tokens'])}. The embedding model reads {reads} tokens, "
        "among which the headings above a passage count. "
        f"Characters: shortest {lengths[0]:,}, median {lengths[len(lengths) // 2]:,}, longest {lengths[-1]:,}."
    )


def _overlap(tokens: int) -> str:
    if not tokens:
        return "without overlap"
    return f"neighbours share up to {tokens} (nothing where no whole sentence or line fits in that)"


def _counts(artifact: Artifact, found: list[dict[str, Any]]) -> list[str]:
    """The tokens of each passage beside the embedder's limit; [] and the reason where they cannot be counted."""
    most = cached.json_file(artifact.path / "manifest.json")["embedder"]["max_tokens"]
    try:
        return [f"{count} of {most} tokens" for count in stored.token_counts(artifact, found)]
    except Refused as error:
        st.caption(plain(f"Tokens are not counted: {error.what} {error.fix}"))
        return []


def _beside(before: dict[str, Any], passage: dict[str, Any]) -> bool:
    return bool(before["document"] == passage["document"])


def _passage(found: Sequence[dict[str, Any]], place: int, tokens: str) -> None:
    """One passage; what it shares with its neighbours stands apart, under its own label."""
    passage = found[place]
    before = shared(found[place - 1], passage) if place else 0
    after = shared(passage, found[place + 1]) if place + 1 < len(found) else 0
    span = f"characters {passage['start']:,} to {passage['end']:,}"
    with st.container(border=True, key=f"knowledge_passage_{place}", gap="small"):
        st.caption(plain(" · ".join(filter(None, [f"{place + 1}. {origin(passage)}", span, tokens]))))
        first, own, last = parts(passage, before, after)
        if first:
            st.badge(f"{before:,} characters also end passage {place}", icon=":material/arrow_upward:")
            st.text(first)
        if own.strip():
            st.text(own)
        if after:
            st.badge(f"{after:,} characters also begin passage {place + 2}", icon=":material/arrow_downward:")
            st.text(last)


def _neighbour(said: str, text: str) -> None:
    st.caption(f"{said}:")
    st.text(text)
