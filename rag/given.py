"""The files given for a change: read into documents, and put in the place of what they held before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.documents import Refused, read_documents
from data.errors import UserError
from data.limits import ReadSettings
from data.schema import Document
from rag.reuse import Report
from rag.settings import BuildConfig


def read(paths: Sequence[Path], settings: BuildConfig, report: Report) -> tuple[list[Document], list[Refused]]:
    """The documents in these files, and what could not be read. Raises UserError when nothing could."""

    def told(done: int, total: int, file: str) -> None:
        report(done, total, f"reading {file}: {done + 1} of {total}")

    documents, refused = read_documents(paths, told, ReadSettings(settings.text_column))
    if not documents:
        raise _none_read(refused)
    return documents, refused


def in_their_place(before: Sequence[Document], given: Sequence[Document]) -> list[Document]:
    """The documents with those of the given files in the place of what these files held before."""
    files = {document.file for document in given}
    fresh: dict[str, list[Document]] = {}
    for document in given:
        fresh.setdefault(document.file, []).append(document)
    documents = []
    for document in before:
        documents += fresh.pop(document.file, []) if document.file in files else [document]
    return documents + [document for rest in fresh.values() for document in rest]


def _none_read(refused: Sequence[Refused]) -> UserError:
    if not refused:
        return UserError("There is no file to read.", "Name files or a folder that holds some.")
    others = ", ".join(one.file for one in refused[1:4]) + (" ..." if len(refused) > 4 else "")
    more = f" ({len(refused) - 1} more could not be read either: {others}.)" if len(refused) > 1 else ""
    return UserError(refused[0].what + more, refused[0].fix)
