"""What a version changed and what that cost, in words, as its manifest knows it."""

from __future__ import annotations

from typing import Any

COSTS = {"embedded": "embedded anew", "cached": "from the cache", "taken_over": "taken over"}
CHANGES = ("added", "changed", "removed")


def file_count(manifest: dict[str, Any]) -> int:
    """How many files the documents of a version come from: each row of a table is a document of its own."""
    return len({one.get("file", id_) for id_, one in manifest["files"].items()})


def told_documents(documents: int, files: int | None) -> str:
    """ "12 documents", or "50 documents from 42 files" where they differ (None: from before files were counted)."""
    said = f"{documents:,} {'document' if documents == 1 else 'documents'}"
    if files is None or files == documents:
        return said
    return f"{said} from {files:,} {'file' if files == 1 else 'files'}"


def told_costs(counts: dict[str, Any]) -> str:
    """ "2 embedded anew, 1 from the cache, 40 taken over". ``counts``: a manifest's, or a run's summary.

    Zeros stay out, but for the passages embedded; versions from before something was counted do not tell of it.
    """
    parts = [
        f"{counts.get(name) or 0} {words}" for name, words in COSTS.items() if counts.get(name) or name == "embedded"
    ]
    if shared := repeated(counts):
        parts.append(f"{shared} with the words of another")
    return ", ".join(parts)


def repeated(counts: dict[str, Any]) -> int:
    """Passages whose text another passage has, too, and which therefore cost nothing; 0 where that is not known."""
    if "taken_over" not in counts:
        return 0
    return counts["passages"] - sum(counts[name] for name in COSTS)


def told_changes(manifest: dict[str, Any]) -> str:
    """ " (1 added, 2 changed)", or "" for a version without changes or from before they were counted."""
    counts = manifest.get("changes", {})
    parts = [f"{counts[name]} {name}" for name in CHANGES if counts.get(name)]
    return f" ({', '.join(parts)})" if parts else ""
