"""What became of each file of a knowledge base: read, read with warnings, or refused with what to do."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.jobs import Run
from rag.history import told_costs, told_documents
from ui.frame import plain, when

SENTENCES = 20  # refusals shown as sentences; more of them become a table


def outcome(run: Run) -> None:
    """What a finished build made, and every file it refused or had a warning about."""
    summary = run.status.get("summary") or {}
    if run.state != "done" or "knowledge" not in summary:
        return
    said = told_documents(summary["documents"], summary.get("files"))
    counts = f"{said}, {summary['passages']} passages: {told_costs(summary)}"
    st.success(plain(f"{summary['knowledge']}: {counts}."), icon=":material/check:")
    problems(summary, "outcome")


def problems(about: dict[str, Any], where: str) -> None:
    """Refused files and warnings, each in a sentence. ``where`` tells apart the places of one page that show them."""
    if refused := about.get("refused"):
        with st.container(border=True, key=f"knowledge_refused_{where}"):
            count = len(refused)
            st.markdown(f"**{count} {'file' if count == 1 else 'files'} could not be read**")
            for one in refused[:SENTENCES]:
                st.text(f"{one['what']} {one['fix']}")
            if rest := refused[SENTENCES:]:
                rows = [{"Why": one["what"], "What to do": one["fix"]} for one in rest]
                st.dataframe(rows, hide_index=True, key=f"knowledge_rest_{where}", alt="More files that were refused")
    if warnings := about.get("warnings"):
        count = len(warnings)
        with st.expander(f"{count} warning{'s' * (count != 1)}", key=f"knowledge_warnings_{where}"):
            rows = [{"Warning": warning} for warning in warnings]
            st.dataframe(rows, hide_index=True, key=f"knowledge_warnings_{where}_rows", alt="Warnings of the files")


def _dated(one: dict[str, Any]) -> str | None:
    """A document's date and where it was read: "2026-03-31 (in its name)"."""
    where = f" ({one['date_from']})" if one.get("date_from") else ""
    return f"{one['date']}{where}" if one.get("date") else None


def files(manifest: dict[str, Any], passages: dict[str, int]) -> list[dict[str, Any]]:
    """One row per file, refused ones last. ``passages`` counts those of each document id.

    "In the file" and "Kept" are characters. Versions made before these were counted leave the first empty.
    """
    rows: dict[str, dict[str, Any]] = {}
    for id_, one in manifest["files"].items():
        name = one.get("file", id_)
        row = rows.setdefault(name, {
            "File": name, "Ended as": "read", "Passages": 0, "Pages": one["pages"], "Documents": 0,
            "In the file": None, "Kept": 0,
        })  # fmt: skip
        row["Documents"] += 1
        row["Kept"] += one["characters"]
        row["Passages"] += passages.get(id_, 0)
        if one.get("characters_in"):
            row["In the file"] = (row["In the file"] or 0) + one["characters_in"]
        if kinds := dict.fromkeys(warning.partition(":")[0] for warning in one.get("warnings", [])):
            row["Ended as"] = f"read with warnings: {', '.join(kinds)}"
        if one.get("edited"):
            row["Edited"] = when(one["edited"])
        if one.get("date") or one.get("tags"):
            row["Date"] = _dated(one)
            row["Tags"] = ", ".join(one.get("tags", [])) or None
    refused = [{"File": one["file"], "Ended as": f"refused: {one['what']}"} for one in manifest["refused"]]
    return [*rows.values(), *refused]
