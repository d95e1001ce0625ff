"""The fine-tuner's command line: ``python -m sft train``, and what ``sft.keeping`` adds."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from data import child, jobs
from data.options import add_arguments, from_arguments
from data.shell import carry_out, duration, main, say, verb
from data.workspace import Workspace, open_workspace
from sft import keeping
from sft.chores import CHORES, NEED_DEVICE
from sft.config import TrainConfig
from sft.orders import order_training


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Order a fine-tune, follow it to its end, and say what it gave."""
    workspace = open_workspace()
    config = from_arguments(options, TrainConfig)
    run = order_training(workspace, options.name, config, options.train, options.validation, options.allow_leakage)
    run = carry_out(workspace, run)
    summary = run.status["summary"]
    loss = summary["validation_loss"]
    said = "no validation" if loss is None else f"validation loss {loss:.3f} at step {summary['best_step']}"
    say(options, f"{summary['name']}: {summary['steps']} steps in {duration(summary['seconds'])}, {said}.")
    for note in summary["notes"]:
        say(options, f"  {note}")
    return {key: summary[key] for key in ("name", "run", "steps", "seconds", "validation_loss")}


def run(options: argparse.Namespace) -> int:
    """Carry out an ordered run in this process (started by the other verbs and by the page)."""
    workspace = open_workspace()
    kind = jobs.load(workspace, options.id).kind
    work = CHORES.get(kind, _trained)
    return child.run(workspace, options.id, lambda this, reporter: work(workspace, this, reporter), kind in NEED_DEVICE)


def _trained(workspace: Workspace, this: jobs.Run, reporter: child.Reporter) -> dict[str, Any]:
    from sft.train import train as work

    return work(workspace, this, reporter)


def parser() -> argparse.ArgumentParser:
    """All verbs and their flags."""
    top = argparse.ArgumentParser(prog="python -m sft", description="Fine-tune a language model, and keep the results.")
    verbs = top.add_subparsers(required=True, metavar="VERB")
    one = verb(verbs, "train", train, "fine-tune a model on question-answer pairs")
    one.add_argument("--name", required=True, help="name of the tuned model (a name used before gets a new version)")
    one.add_argument("--train", required=True, help="training rows: a file, or a stored dataset's name")
    one.add_argument("--validation", help="validation rows, likewise (default: set aside 10 percent of the rows)")
    one.add_argument("--allow-leakage", action="store_true", help="go on although test questions stand in training")
    add_arguments(one, TrainConfig)
    keeping.add_verbs(verbs)
    one = verb(verbs, "run", run, "carry out an ordered run (used by the other verbs and the page)")
    one.add_argument("id")
    return top


if __name__ == "__main__":
    sys.exit(main(parser()))
