"""What a search may look at: documents, tags, dates and a least score, as one small group of fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from rag.filters import EVERYTHING, Filter

LISTED = 500  # documents offered by name; others can be typed
EARLIEST, LATEST = date(1800, 1, 1), date(2200, 12, 31)  # left to itself a date field ends ten years ago


@dataclass(frozen=True)
class Narrowing:
    """``only``: which documents; ``at_least``: the least score that counts as found (None: any)."""

    only: Filter = EVERYTHING
    at_least: float | None = None

    def __bool__(self) -> bool:
        return bool(self.only) or self.at_least is not None


def narrowing(manifest: dict[str, Any], key: str) -> Narrowing:
    """Draw the fields and a least score, folded away. They may stand in a form; see ``only``."""
    with st.expander("Narrow the search", key=f"{key}_narrow", icon=":material/filter_alt:"):
        chosen = only(manifest, key)
        least = st.number_input(
            "Least score", value=None, step=0.05, format="%g", key=f"{key}_least", placeholder="any", width=150,
            help="The least cosine of question and passage; with BM25, the least BM25 score.",
        )  # fmt: skip
    return Narrowing(chosen, least)


def only(manifest: dict[str, Any], key: str) -> Filter:
    """Draw the fields for documents, tags and dates of one version of a knowledge base (its manifest).

    Tags and dates are only asked for where documents have some. ``key`` must tell apart pages and knowledge bases.
    """
    files, tags, dated = _known(manifest)
    documents = st.multiselect("Documents", files[:LISTED], key=f"{key}_documents", accept_new_options=True,
                               placeholder="all of them",
                               help="Choose some, or type a name in which \\* stands for anything.")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.multiselect("Tags", tags, key=f"{key}_tags", placeholder="any",
                                help="Only documents that have all of these.") if tags else []  # fmt: skip
        since, until = (_day("From", f"{key}_since"), _day("Until", f"{key}_until")) if dated else ("", "")
    if missing := _missing(tags, dated, len(manifest["files"])):
        st.caption(missing)
    return Filter(tuple(documents), tuple(wanted), since, until)


def _day(label: str, key: str) -> str:
    """A date as ISO text; "" when none is chosen."""
    day = st.date_input(label, value=None, min_value=EARLIEST, max_value=LATEST, key=key, format="YYYY-MM-DD",
                        width=150, help="Documents without a date are then left out.")  # fmt: skip
    return day.isoformat() if day else ""


def _known(manifest: dict[str, Any]) -> tuple[list[str], list[str], int]:
    """The files of a version, all tags of its documents, and how many of them have a date."""
    about = manifest["files"]
    files = list(dict.fromkeys(one.get("file", id_) for id_, one in about.items()))
    tags = sorted({tag for one in about.values() for tag in one.get("tags", ())}, key=str.casefold)
    return files, tags, sum(bool(one.get("date")) for one in about.values())


def _missing(tags: list[str], dated: int, count: int) -> str:
    """Why a field is not there, or leaves documents out."""
    if dated and dated < count:
        return f"{dated} of {count} documents have a date."
    lacking = " and no ".join(word for word, there in (("tag", tags), ("date", dated)) if not there)
    return f"No {lacking} is known of its documents, so there is nothing to narrow by." if lacking else ""


def told(chosen: Narrowing) -> str:
    """What was narrowed, in words; "" when nothing was."""
    only = chosen.only
    parts = [", ".join(only.documents), f"tagged {', '.join(only.tags)}" if only.tags else ""]
    parts += [f"from {only.since}" if only.since else "", f"until {only.until}" if only.until else ""]
    parts += [f"score at least {chosen.at_least:g}" if chosen.at_least is not None else ""]
    return " · ".join(part for part in parts if part)


def below(found: dict[str, Any], chosen: Narrowing) -> str:
    """How many passages a least score left out, as a sentence; "" when none."""
    count = found["below"]
    verbs = "scores less than {:g} and is" if count == 1 else "score less than {:g} and are"
    return f"{count} of the passages found {verbs.format(chosen.at_least)} left out." if count else ""


def verdict(found: dict[str, Any], chosen: Narrowing) -> str:
    """That nothing, or nothing good enough, was found; "" for a good search. ``found``: from eval.client.search."""
    if not found["hits"] and (count := found["below"]):
        what = "the only passage found scores" if count == 1 else f"all {count} passages found score"
        return f"Nothing good enough was found: {what} less than {chosen.at_least:g}."
    if not found["hits"]:
        return "Nothing was found."
    if not found["relevant"]:
        return f"Nothing relevant was found; these are only the nearest passages. {below(found, chosen)}".strip()
    return ""
