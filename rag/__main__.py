"""``python -m rag``: build, change, list and search knowledge bases."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from data import child, jobs, store
from data.errors import UserError
from data.options import add_arguments, from_arguments
from data.shell import carry_out, main, say, verb
from rag import orders
from rag.settings import METHODS, BuildConfig


def build(options: argparse.Namespace) -> dict[str, Any]:
    """Make a knowledge base, or its next version."""
    workspace = store.open_workspace()
    settings = from_arguments(options, BuildConfig)
    return _follow(options, orders.order_build(workspace, options.name, options.documents, settings))


def add(options: argparse.Namespace) -> dict[str, Any]:
    """Add or replace files."""
    return _follow(options, orders.order_add(store.open_workspace(), options.name, options.documents))


def remove(options: argparse.Namespace) -> dict[str, Any]:
    """Leave documents out."""
    return _follow(options, orders.order_remove(store.open_workspace(), options.name, options.documents))


def _follow(options: argparse.Namespace, run: jobs.Run) -> dict[str, Any]:
    summary = carry_out(store.open_workspace(), run).status["summary"]
    for warning in summary["warnings"]:
        say(options, f"Warning: {warning}")
    for refused in summary["refused"]:
        say(options, f"Refused: {refused['what']} {refused['fix']}")
    counts = f"{summary['documents']} documents, {summary['passages']} passages, {summary['embedded']} embedded now"
    say(options, f"{summary['knowledge']}: {counts}")
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
        listed.append({**row, "current": number == current.version})
        mark = "*" if number == current.version else " "
        counts = f"{row['documents']} documents, {row['passages']} passages"
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


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Find passages for one question."""
    from rag.chunk import in_context
    from rag.embed import Embedder
    from rag.knowledge import open_knowledge
    from rag.retrieve import KnowledgeRetriever

    if options.k < 1:
        raise UserError(f"-k is {options.k}.", "Ask for at least one passage.")
    knowledge = open_knowledge(store.open_workspace(), options.name)
    retriever = KnowledgeRetriever(knowledge, Embedder.load(knowledge.manifest["embedder"]["id"]), options.method)
    found = retriever.find([options.question], options.k)[0]
    if not found.relevant:
        say(options, f"Nothing relevant was found in {knowledge.ref}.")
    for hit in found.hits:
        say(
            options,
            f"{hit.rank}. {hit.passage.document}  {hit.score:.4f}\n   {' '.join(in_context(hit.passage).split())}",
        )
    hits = [
        {"rank": hit.rank, "score": hit.score, "document": hit.passage.document, "text": hit.passage.text}
        for hit in found.hits
    ]
    return {"knowledge": knowledge.ref, "method": options.method, "relevant": found.relevant, "hits": hits}


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
    removing = verb(verbs, "remove", remove, "leave documents out of the next version")
    removing.add_argument("--documents", nargs="+", required=True, help="their ids, as search shows them")
    listing = verb(verbs, "versions", versions, "list all versions; * is the one that the bare name means")
    back = verb(verbs, "rollback", rollback, "make the bare name mean an older version again")
    back.add_argument("--to", type=int, help="number of the version (default: the one before)")
    searching = verb(verbs, "search", search, "find passages for a question")
    searching.add_argument("question")
    searching.add_argument("-k", type=int, default=5, help="how many passages (default: 5)")
    searching.add_argument("--method", choices=METHODS, default=METHODS[0], help="(default: fused)")
    for one in (making, adding, removing, listing, back, searching):
        one.add_argument("--name", required=True, help="the knowledge base (search also takes NAME@VERSION)")
    verb(verbs, "run", run, "carry out an ordered run (what a job's own process does)").add_argument("id")
    return top


if __name__ == "__main__":
    sys.exit(main(parser()))
