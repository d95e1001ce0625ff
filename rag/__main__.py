"""``python -m rag``: build, change, list and search knowledge bases."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import child, jobs, store
from data.errors import UserError
from data.options import add_arguments, from_arguments
from data.shell import carry_out, main, say, verb
from rag import marking, orders
from rag.filters import Filter
from rag.labels import Labels
from rag.settings import METHODS, BuildConfig

if TYPE_CHECKING:
    from rag.retrieve import Found


def build(options: argparse.Namespace) -> dict[str, Any]:
    """Make a knowledge base, or its next version."""
    workspace = store.open_workspace()
    settings = from_arguments(options, BuildConfig)
    return _follow(options, orders.order_build(workspace, options.name, options.documents, settings, _labels(options)))


def add(options: argparse.Namespace) -> dict[str, Any]:
    """Add or replace files."""
    workspace = store.open_workspace()
    return _follow(options, orders.order_add(workspace, options.name, options.documents, _labels(options)))


def remove(options: argparse.Namespace) -> dict[str, Any]:
    """Leave documents out."""
    return _follow(options, orders.order_remove(store.open_workspace(), options.name, options.documents))


def _labels(options: argparse.Namespace) -> Labels:
    return Labels(tuple(options.tag), options.date)


def _follow(options: argparse.Namespace, run: jobs.Run) -> dict[str, Any]:
    summary = carry_out(store.open_workspace(), run).status["summary"]
    for warning in summary["warnings"]:
        say(options, f"Warning: {warning}")
    for refused in summary["refused"]:
        say(options, f"Refused: {refused['what']} {refused['fix']}")
    counts = f"{summary['documents']} documents, {summary['passages']} passages, {summary['embedded']} embedded now"
    counts += f", {summary['cached']} embedded before" if summary["cached"] else ""
    say(options, f"{summary['knowledge']}: {counts}")
    say(options, f"Search index: {summary['index']['reason']}.")
    return {**summary, "run": run.id}


def versions(options: argparse.Namespace) -> dict[str, Any]:
    """List the versions of a knowledge base."""
    workspace = store.open_workspace()
    current = store.resolve(workspace, "knowledge", options.name)
    listed = []
    for number in store.versions(workspace, "knowledge", current.name):
        artifact = store.resolve(workspace, "knowledge", f"{current.name}@{number}")
        manifest = artifact.manifest()
        row = {"knowledge": artifact.ref, "created": manifest["created"], **manifest["counts"]}
        listed.append({**row, "current": number == current.version, "index": manifest["index"]})
        mark = "*" if number == current.version else " "
        counts = f"{row['documents']} documents, {row['passages']} passages, {row['embedded']} of them embedded anew"
        say(options, f"{mark} {artifact.ref}  {manifest['created']}  {counts}")
    return {"versions": listed}


def rollback(options: argparse.Namespace) -> dict[str, Any]:
    """Let the bare name mean an older version."""
    workspace = store.open_workspace()
    current = store.resolve(workspace, "knowledge", options.name)
    known = store.versions(workspace, "knowledge", current.name)
    older = [number for number in known if number < current.version]
    target = options.to if options.to is not None else max(older, default=None)
    if target is None:
        raise UserError(f"{current.ref} is the oldest version.", "Name a version with --to.")
    artifact = store.point(workspace, "knowledge", current.name, target)
    say(options, f"{current.name} now means {artifact.ref}")
    return {"knowledge": artifact.ref}


def delete(options: argparse.Namespace) -> dict[str, Any]:
    """Delete a version, or all of them, for good."""
    from rag import knowledge

    deleted = knowledge.delete(store.open_workspace(), options.name, options.all, options.force)
    say(options, f"Deleted: {', '.join(deleted)}")
    return {"deleted": deleted}


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Find passages for one question."""
    from rag.embed import Embedder
    from rag.knowledge import open_knowledge
    from rag.retrieve import KnowledgeRetriever

    if options.k < 1:
        raise UserError(f"-k is {options.k}.", "Ask for at least one passage.")
    knowledge = open_knowledge(store.open_workspace(), options.name)
    embedder = Embedder.load(knowledge.manifest["embedder"]["id"])
    only = Filter(tuple(options.document), tuple(options.tag), options.since, options.until)
    retriever = KnowledgeRetriever(knowledge, embedder, options.method, only, options.at_least)
    if retriever.note:
        say(options, f"Note: {retriever.note}.")
    found = retriever.find([options.question], options.k)[0]
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
    from rag.retrieve import told

    if not found.relevant:
        say(options, f"Nothing relevant was found in {ref}.")
    if found.below:
        say(options, f"Left out, because they score less than {options.at_least}: {found.below} passages.")
    for hit in found.hits:
        text = " ".join(in_context(hit.passage).split())
        say(options, f"{hit.rank}. {hit.passage.document}  {told(hit.origin)}\n   {text}")


def run(options: argparse.Namespace) -> int:
    """Carry out an ordered run in this process."""
    workspace = store.open_workspace()
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
    listing = verb(verbs, "versions", versions, "list all versions; * is the one that the bare name means")
    back = verb(verbs, "rollback", rollback, "make the bare name mean an older version again")
    back.add_argument("--to", type=int, help="number of the version (default: the one before)")
    deleting = verb(verbs, "delete", delete, "delete a version for good (NAME@VERSION), unless runs name it")
    deleting.add_argument("--all", action="store_true", help="delete every version of NAME")
    deleting.add_argument("--force", action="store_true", help="also when runs name it; they keep their answers")
    searching = verb(verbs, "search", search, "find passages for a question")
    searching.add_argument("question")
    searching.add_argument("-k", type=int, default=5, help="how many passages (default: 5)")
    searching.add_argument("--method", choices=METHODS, default=METHODS[0], help="(default: fused)")
    searching.add_argument("--document", action="append", default=[], metavar="ID",
                           help="look only in this document; * stands for anything (may be repeated)")  # fmt: skip
    searching.add_argument("--tag", action="append", default=[], help="look only in documents with this tag")
    searching.add_argument("--since", default="", metavar="DATE", help="look only in documents of this date or later")
    searching.add_argument("--until", default="", metavar="DATE", help="look only in documents of this date or earlier")
    searching.add_argument("--at-least", type=float, metavar="SCORE",
                           help="leave out passages of a lower cosine (with bm25: of a lower BM25 score)")  # fmt: skip
    for one in (making, adding, removing, listing, back, deleting, searching):
        one.add_argument("--name", required=True, help="the knowledge base (search, delete: also NAME@VERSION)")
    marking.add_verbs(verbs)
    verb(verbs, "run", run, "carry out an ordered run (what a job's own process does)").add_argument("id")
    return top


if __name__ == "__main__":
    sys.exit(main(parser()))
