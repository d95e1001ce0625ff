"""``python -m rag``: build, change, list and search knowledge bases."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import child, jobs
from data.errors import UserError
from data.options import add_arguments, from_arguments
from data.shell import carry_out, main, say, verb
from data.workspace import open_workspace
from rag import marking, orders, version_verbs
from rag.filters import add_filters, named
from rag.history import told_costs, told_documents
from rag.labels import Labels
from rag.naming import add_name
from rag.settings import METHODS, BuildConfig, tuned

if TYPE_CHECKING:
    from rag.found import Found


def build(options: argparse.Namespace) -> dict[str, Any]:
    """Make a knowledge base, or its next version."""
    workspace = open_workspace()
    settings = from_arguments(options, BuildConfig)
    return _follow(options, orders.order_build(workspace, options.name, options.documents, settings, _labels(options)))


def add(options: argparse.Namespace) -> dict[str, Any]:
    """Add or replace files."""
    workspace = open_workspace()
    return _follow(options, orders.order_add(workspace, options.name, options.documents, _labels(options)))


def remove(options: argparse.Namespace) -> dict[str, Any]:
    """Leave documents out."""
    return _follow(options, orders.order_remove(open_workspace(), options.name, options.documents))


def edit(options: argparse.Namespace) -> dict[str, Any]:
    """Give one document another text."""
    workspace = open_workspace()
    try:
        text = sys.stdin.read() if str(options.text) == "-" else options.text.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{options.text} cannot be read as text ({error}).", "Save it as UTF-8 text.") from error
    return _follow(options, orders.order_edit(workspace, options.name, options.document, text))


def text(options: argparse.Namespace) -> dict[str, Any]:
    """Print the text of one document, as it was read or edited."""
    from rag import editing, knowledge

    document = editing.find(knowledge.open_knowledge(open_workspace(), options.name), options.document)
    if not options.json:
        sys.stdout.write(document.text)
    return {"document": document.id, "text": document.text, "edited": document.edited}


def _labels(options: argparse.Namespace) -> Labels:
    return Labels(tuple(options.tag), options.date)


def _follow(options: argparse.Namespace, run: jobs.Run) -> dict[str, Any]:
    summary = carry_out(open_workspace(), run).status["summary"]
    for warning in summary["warnings"]:
        say(options, f"Warning: {warning}")
    for refused in summary["refused"]:
        say(options, f"Refused: {refused['what']} {refused['fix']}")
    said = told_documents(summary["documents"], summary.get("files"))
    counts = f"{said}, {summary['passages']} passages: {told_costs(summary)}"
    say(options, f"{summary['knowledge']}: {counts}")
    say(options, f"Search index: {summary['index']['reason']}.")
    return {**summary, "run": run.id}


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Find passages for one question."""
    from rag.embed import Embedder
    from rag.knowledge import open_knowledge
    from rag.retrieve import KnowledgeRetriever, check_question

    if options.k is not None and options.k < 1:
        raise UserError(f"-k is {options.k}.", "Ask for at least one passage.")
    check_question(options.question)
    knowledge = open_knowledge(open_workspace(), options.name)
    own = tuned(knowledge.manifest)
    k, method = options.k or (own.k if own else 5), options.method or (own.method if own else METHODS[0])
    if own and not (options.k and options.method):
        say(options, f"Searched with {method} and {k} passages: {own.why()}.")
    embedder = Embedder.load(knowledge.manifest["embedder"]["id"])
    retriever = KnowledgeRetriever(knowledge, embedder, method, named(options), options.at_least)
    if retriever.note:
        say(options, f"Note: {retriever.note}.")
    found = retriever.find([options.question], k)[0]
    _say_found(options, knowledge.ref, found)
    hits = [
        {"rank": hit.rank, "score": hit.score, "document": hit.passage.document, "text": hit.passage.text,
         "origin": dataclasses.asdict(hit.origin)}
        for hit in found.hits
    ]  # fmt: skip
    about = {"knowledge": knowledge.ref, "method": options.method, "index": knowledge.manifest["index"]}
    return {**about, "note": retriever.note, "relevant": found.relevant, "below": found.below, "hits": hits}


def _say_found(options: argparse.Namespace, ref: str, found: Found) -> None:
    from rag.chunk import in_context
    from rag.found import told

    if not found.relevant:
        say(options, f"Nothing relevant was found in {ref}.")
    if found.below:
        say(options, f"Left out, because they score less than {options.at_least}: {found.below} passages.")
    for hit in found.hits:
        text = " ".join(in_context(hit.passage).split())
        say(options, f"{hit.rank}. {hit.passage.document}  {told(hit.origin)}\n   {text}")


def run(options: argparse.Namespace) -> int:
    """Carry out an ordered run in this process."""
    workspace = open_workspace()
    jobs.of_room(workspace, options.id, "rag")
    return child.run(workspace, options.id, orders.work(workspace), needs_device=False)


def parser() -> argparse.ArgumentParser:
    """All verbs of this room."""
    top = argparse.ArgumentParser(prog="python -m rag", description="Knowledge bases: build, change, list, search.")
    verbs = top.add_subparsers(required=True, metavar="VERB")
    making = verb(verbs, "build", build, "read documents and make a knowledge base, or its next version")
    add_arguments(making, BuildConfig)
    adding = verb(verbs, "add", add, "add files, or replace those of the same name; only new passages are embedded")
    for one in (making, adding):
        one.add_argument("--documents", type=Path, nargs="+", required=True, help="files, folders and ZIPs to read")
        one.add_argument("--tag", action="append", default=[], help="a tag of these documents (may be repeated)")
        one.add_argument("--date", default="", help="the date of these documents, like 2026-03-31")
    removing = verb(verbs, "remove", remove, "leave documents out of the next version")
    removing.add_argument("--documents", nargs="+", required=True, help="their ids, as search shows them")
    editing = verb(verbs, "edit", edit, "give one document another text; only passages that are new are embedded")
    editing.add_argument("--text", type=Path, required=True, metavar="FILE", help="its new text (UTF-8; - reads input)")
    reading = verb(verbs, "text", text, "print the text of one document, as it was read or edited")
    for one in (editing, reading):
        one.add_argument("--document", required=True, metavar="ID", help="its id, as search shows it")
    searching = verb(verbs, "search", search, "find passages for a question")
    searching.add_argument("question")
    searching.add_argument("-k", type=int, help="how many passages (default: the knowledge base's own, else 5)")
    searching.add_argument("--method", choices=METHODS, help="(default: the knowledge base's own, else fused)")
    add_filters(searching)
    for one in (making, adding, removing):
        add_name(one, version=False)
    for one in (editing, reading, searching):
        add_name(one, version=True)
    version_verbs.add_verbs(verbs)
    marking.add_verbs(verbs)
    verb(verbs, "run", run, "carry out an ordered run (what a job's own process does)").add_argument("id")
    return top


if __name__ == "__main__":
    sys.exit(main(parser()))
