"""The verbs for base models, and for what a fine-tune leaves: list, name, compare, merge, export, import, delete."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from data.errors import UserError
from data.options import path
from data.shell import carry_out, say, verb, warn
from data.store import resolve
from data.workspace import open_workspace
from sft import adapters, chores, naming
from sft.bases import known
from sft.differences import differences
from sft.lookup import said_of
from sft.memory import told


def models(options: argparse.Namespace) -> dict[str, Any]:
    """Print the base models on this machine and what they are."""
    rows = [said_of(name, ask_hub=False) for name in known(open_workspace())]
    for row in rows:
        _say_model(options, row)
    return {"models": rows}


def look(options: argparse.Namespace) -> dict[str, Any]:
    """Say what a model is: on this machine, else on the hub, of which nothing is kept."""
    said = said_of(options.model, ask_hub=True)
    _say_model(options, said)
    return said


def _say_model(options: argparse.Namespace, said: dict[str, Any]) -> None:
    where = "" if said["here"] else f", not on this machine: {told(said['bytes'])} to download"
    say(options, f"{said['exact']}{where}\n  {said['line'] or 'cannot be used: ' + said['why']}")


def fetch(options: argparse.Namespace) -> dict[str, Any]:
    """Look at a hub model, ask, and download it into the local cache at one commit."""
    workspace = open_workspace()
    if not options.yes:
        offer = look(options)
        if offer["here"]:
            return {"model": offer["exact"]}
        if not _agreed(options, offer):
            say(options, "Nothing was downloaded.")
            return {"model": None}
        options.model = offer["exact"]
    run = carry_out(workspace, chores.order_fetch(workspace, options.model))
    say(options, f"{run.status['summary']['model']} is on this machine.")
    return run.status["summary"]


def _agreed(options: argparse.Namespace, offer: dict[str, Any]) -> bool:
    """The answer of whoever sits at the terminal. Raises UserError where nobody does."""
    if options.json or not sys.stdin.isatty():
        raise UserError(f"{offer['exact']} is {told(offer['bytes'])} to download.", "Say --yes to download it.")
    return input("Download it? [y/N] ").strip().lower() in ("y", "yes")


def list_(options: argparse.Namespace) -> dict[str, Any]:
    """Print the tuned models of the workspace."""
    workspace = open_workspace()
    rows = [adapters.described(artifact, workspace) for artifact in adapters.tuned_models(workspace)]
    if not rows:
        say(options, "No tuned models yet. Make one with: python -m sft train --name NAME --train FILE")
    for row in rows:
        loss = "-" if row["validation_loss"] is None else f"{row['validation_loss']:.3f}"
        say(options, f"{row['name']:<24} {row['method']:<7} base {row['base']:<24} context {row['context'] or '?':<6}"
                     f" validation loss {loss}  {row['created']}")  # fmt: skip
        origin = ", ".join(filter(None, [row["made_from"], row["run"] and f"run {row['run']}"]))
        say(options, f"  {row['measured'] or 'its answers were not measured'}; from {origin or 'elsewhere'}")
    for sentence in adapters.damaged(workspace):
        warn(options, sentence)
    return {"tuned": rows}


def rename(options: argparse.Namespace) -> dict[str, Any]:
    """Give a tuned model another name; runs that named it stay readable."""
    id_ = naming.rename(open_workspace(), options.tuned, options.new)
    say(options, f"{id_} is now called {options.new}.")
    return {"id": id_, "name": options.new}


def delete(options: argparse.Namespace) -> dict[str, Any]:
    """Delete a version, or all of them, for good."""
    gone = naming.delete(open_workspace(), options.tuned, options.all, options.force)
    say(options, f"Deleted: {', '.join(gone)}")
    return {"deleted": gone}


def use(options: argparse.Namespace) -> dict[str, Any]:
    """Let the bare name mean this version."""
    ref = naming.use(open_workspace(), options.tuned)
    say(options, f"{ref.partition('@')[0]} now means {ref}.")
    return {"name": ref}


def diff(options: argparse.Namespace) -> dict[str, Any]:
    """Two tuned models side by side; * marks what differs."""
    workspace = open_workspace()
    pair = [resolve(workspace, adapters.KIND, ref) for ref in (options.first, options.second)]
    rows = differences(*(one.manifest() for one in pair))
    for row in rows:
        say(options, f"{'*' if row.differs else ' '} {row.what:<28} {row.first!s:<32} {row.second}")
    return {
        "first": pair[0].ref,
        "second": pair[1].ref,
        "rows": [{**vars(row), "differs": row.differs} for row in rows],
    }


def merge(options: argparse.Namespace) -> dict[str, Any]:
    """Fold an adapter into its base's weights and store the result as a tuned model of its own."""
    workspace = open_workspace()
    run = carry_out(workspace, chores.order_merge(workspace, options.tuned, options.model, options.name))
    artifact = resolve(workspace, adapters.KIND, run.status["summary"]["name"])
    say(options, f"{artifact.ref} holds full weights: {artifact.path}")
    return {"name": artifact.ref}


def export(options: argparse.Namespace) -> dict[str, Any]:
    """Copy a tuned model out of the workspace: to a folder, or into a ZIP."""
    workspace, to = open_workspace(), options.folder
    run = carry_out(workspace, chores.order_export(workspace, options.tuned, to, options.merged, options.model))
    files = sorted(path.name for path in to.iterdir()) if to.is_dir() else [to.name]
    say(options, f"{run.order['inputs']['tuned']} is in {to}: {', '.join(files)}")
    return {"name": run.order["inputs"]["tuned"], "folder": str(to), "files": files}


def import_(options: argparse.Namespace) -> dict[str, Any]:
    """Take a PEFT adapter made elsewhere into the workspace."""
    workspace = open_workspace()
    run = carry_out(workspace, chores.order_import(workspace, options.folder, options.name, options.model))
    made = run.status["summary"]
    say(options, f"{made['name']} was imported; its base is {made['base']}.")
    return made


def add_verbs(verbs: Any) -> None:
    """All verbs of this file with their flags."""
    verb(verbs, "models", models, "list the base models on this machine")
    one = verb(verbs, "look", look, "say what a model is: size, window, licence, memory; of the hub nothing is kept")
    one.add_argument("model", help="pocket, a folder, or a Hugging Face id (ORG/NAME, or ORG/NAME@COMMIT)")
    one = verb(verbs, "fetch", fetch, "download a model of the Hugging Face hub, at one commit")
    one.add_argument("model", help="a Hugging Face id (ORG/NAME, or ORG/NAME@COMMIT)")
    one.add_argument("--yes", action="store_true", help="do not ask first")
    verb(verbs, "list", list_, "list the tuned models")
    one = verb(verbs, "rename", rename, "give a tuned model another name; its old one stays its id in runs")
    _tuned(one, "tuned")
    one.add_argument("new", help="the new name")
    one = verb(verbs, "delete", delete, "delete a version of a tuned model for good, unless runs name it")
    _tuned(one, "tuned")
    one.add_argument("--all", action="store_true", help="delete every version of it")
    one.add_argument("--force", action="store_true", help="also when runs name it; they keep their answers")
    _tuned(verb(verbs, "use", use, "let the bare name mean this version"), "tuned")
    one = verb(verbs, "diff", diff, "two tuned models side by side: origin, settings, results")
    _tuned(one, "first")
    _tuned(one, "second")
    _add_weights(verbs)


def _tuned(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(name, metavar="A", help="the tuned model: a name, or name@version")


def _base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="where the base is, if not found by its id")


def _add_weights(verbs: Any) -> None:
    one = verb(verbs, "merge", merge, "fold an adapter into its base's weights")
    _tuned(one, "tuned")
    one.add_argument("--name", help="name of the result (default: A-merged)")
    _base(one)
    one = verb(verbs, "export", export, "copy a tuned model to a folder, in PEFT's layout, or into a ZIP")
    _tuned(one, "tuned")
    one.add_argument("folder", metavar="TO", type=path, help="a new or empty folder, or a new file ending in .zip")
    one.add_argument("--merged", action="store_true", help="an adapter goes out folded into its base's weights")
    _base(one)
    one = verb(verbs, "import", import_, "take in a PEFT adapter made elsewhere")
    one.add_argument("folder", metavar="FROM", type=path, help="a folder that PEFT wrote, or a ZIP of it")
    one.add_argument("--name", help="name of the tuned model (default: the folder's)")
    _base(one)
