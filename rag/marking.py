"""The verbs ``mark``, ``marks`` and ``unmark`` of ``python -m rag``."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from data.disk import write_bytes
from data.errors import UserError
from data.shell import say, verb
from data.workspace import open_workspace
from rag.marks import add_mark, located, question_file, read_marks, remove_mark, span_of, standing
from rag.naming import add_name


def mark(options: argparse.Namespace) -> dict[str, Any]:
    """Mark the words of a document that answer a question."""
    from rag.files import open_knowledge

    workspace = open_workspace()
    base = open_knowledge(workspace, options.name)
    text = base.texts.get(options.document)
    if text is None:
        some = sorted(base.texts)
        listed = ", ".join(some[:5]) + (" ..." if len(some) > 5 else "")
        raise UserError(f"{base.ref} has no document {options.document!r}.", f"It has: {listed}.")
    start, end = span_of(options.quote, text, options.document)
    name = base.artifact.name
    made = add_mark(workspace, name, options.question, options.document, start, end, text[start:end])
    say(options, f"{made.id}  {made.document}, characters {made.start} to {made.end}: right for {made.question!r}")
    return dataclasses.asdict(made)


def marks(options: argparse.Namespace) -> dict[str, Any]:
    """List the marks of a knowledge base, and whether each stands in the version named."""
    from rag.files import open_knowledge

    workspace = open_workspace()
    base = open_knowledge(workspace, options.name)
    found = read_marks(workspace, options.name)
    rows = []
    for one in found:
        state = standing(one, located(one, base.texts))
        rows.append({**dataclasses.asdict(one), "found": state})
        say(options, f"{one.id}  {one.question}\n   {one.document}  {' '.join(one.quote.split())}  (found: {state})")
    yes, moved, no = (sum(row["found"] == state for row in rows) for state in ("yes", "moved", "no"))
    say(options, f"Marks: {len(found)}. In {base.ref}: {yes} where they were, {moved} moved, {no} not found.")
    if options.save:
        write_bytes(options.save, question_file(found).encode())
        say(options, f"Saved as questions: {options.save}")
    return {"knowledge": base.ref, "marks": rows}


def unmark(options: argparse.Namespace) -> dict[str, Any]:
    """Take a mark back."""
    gone = remove_mark(open_workspace(), options.name, options.id)
    say(options, f"Taken back: {gone.id}  {gone.question}")
    return dataclasses.asdict(gone)


def add_verbs(verbs: Any) -> None:
    """Add the three verbs to a room's parser."""
    marking = verb(verbs, "mark", mark, "mark the words of a document that answer a question")
    marking.add_argument("question")
    marking.add_argument("--document", required=True, metavar="ID", help="the document that answers it")
    marking.add_argument("--quote", required=True, help="the words in it that do")
    listing = verb(verbs, "marks", marks, "list the marks, and whether each is found in this version")
    listing.add_argument("--save", type=Path, metavar="FILE", help="write them as a question file (JSON lines)")
    taking = verb(verbs, "unmark", unmark, "take a mark back")
    taking.add_argument("id", help="its id, as marks shows it")
    add_name(marking, version=True)
    add_name(listing, version=True)
    add_name(taking, version=False)
