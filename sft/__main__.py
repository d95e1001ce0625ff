"""The fine-tuner: ``python -m sft prepare | train | estimate | search``, and what ``sft.keeping`` adds."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from data import child, jobs
from data.errors import UserError
from data.options import add_arguments, from_arguments, number, whole
from data.shell import carry_out, duration, main, mapped, say, verb, warn
from data.workspace import Workspace, open_workspace
from rag.likeness import question_vectors
from sft import keeping
from sft.card import measured
from sft.chores import CHORES, NEED_DEVICE
from sft.config import TrainConfig
from sft.orders import order_estimate, order_search, order_training
from sft.outlook import outlook
from sft.sought import RANKS
from sft.starved import starved


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Order a fine-tune, follow it to its end, and say what it gave."""
    workspace = open_workspace()
    config = from_arguments(options, TrainConfig)
    run = order_training(
        workspace, options.name, config, options.train, options.validation, options.allow_leakage, options.test,
        mapped(options.map), question_vectors,
    )  # fmt: skip
    _say_memory(options, config)
    run = _followed(workspace, run)
    summary = run.status["summary"]
    loss = summary["validation_loss"]
    said = "no validation" if loss is None else f"kept after step {summary['best_step']}, validation loss {loss:.3f}"
    if answers := measured(summary):
        said += f", {answers}"
    say(options, f"{summary['name']}: {summary['steps']} steps in {duration(summary['seconds'])}, {said}.")
    for note in summary["notes"]:
        say(options, f"  {note}")
    return {key: summary[key] for key in ("name", "run", "steps", "seconds", "validation_loss")}


def estimate(options: argparse.Namespace) -> dict[str, Any]:
    """Measure a few steps, and say what a fine-tune would take."""
    workspace = open_workspace()
    config = from_arguments(options, TrainConfig)
    run = order_estimate(workspace, "estimate", config, options.train, options.validation, mapped(options.map))
    run = carry_out(workspace, run)
    found = run.status["summary"]
    for sentence in found["sentences"]:
        say(options, sentence)
    for what, why in found["reasons"].items():
        say(options, f"  {what.replace('_', ' ')}: {why}")
    return found


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Order a search over learning rates and ranks, follow it to its end, and say which trial was best."""
    workspace, config = open_workspace(), from_arguments(options, TrainConfig)
    run = order_search(
        workspace, options.name, config, options.train, options.validation, options.learning_rates, options.ranks,
        options.allow_leakage, test=options.test, mapping=mapped(options.map), embed=question_vectors,
    )  # fmt: skip
    _say_memory(options, config)
    summary = _followed(workspace, run).status["summary"]
    for row in summary["rows_of_search"]:
        loss = "-" if row["validation_loss"] is None else f"{row['validation_loss']:.3f}"
        say(options, f"learning rate {row['learning_rate']:<8g} rank {row['rank']:<4} {row['steps']:>5} of "
                     f"{row['planned']} steps  validation loss {loss:<7} {row['outcome']}")  # fmt: skip
    say(options, f"{summary['name']}: {summary['reason']}.")
    for note in summary["notes"]:
        say(options, f"  {note}")
    return {key: summary[key] for key in ("name", "run", "reason", "validation_loss")} | {
        "trials": summary["rows_of_search"]
    }


def _followed(workspace: Workspace, run: jobs.Run) -> jobs.Run:
    """The run at its end. Raises UserError as ``carry_out`` does; where a run died and memory may be why, with that."""
    try:
        return carry_out(workspace, run)
    except UserError as error:
        if not (said := starved(jobs.load(workspace, run.id), jobs.curve(run))):
            raise
        raise UserError(error.what, f"{said} {error.fix}") from error


def _say_memory(options: argparse.Namespace, config: TrainConfig) -> None:
    """What training all weights needs, before it starts."""
    if found := outlook(config):
        (say if found.fits else warn)(options, found.said)


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """Say what a fine-tune of these rows would be: prompts, tokens with loss, lengths, doubts, leaks."""
    from sft.preparation import preparation, told_lines

    config = from_arguments(options, TrainConfig)
    found = preparation(
        open_workspace(), config, options.train, options.validation, options.test, mapped(options.map),
        question_vectors,
    )  # fmt: skip
    for line in told_lines(found):
        say(options, line)
    return found.told()


def run(options: argparse.Namespace) -> int:
    """Carry out an ordered run in this process (started by the other verbs and by the page)."""
    from sft import ranks

    workspace = open_workspace()
    ordered = jobs.of_room(workspace, options.id, "sft")
    wanted = ordered.order["config"].get("processes", 1)
    if wanted > 1 and ranks.size() == 1:
        ranks.replace_this_process(wanted, options.id)

    def carry(this: jobs.Run, reporter: child.Reporter) -> dict[str, Any]:
        """The libraries are read only now, when the run has said that it is there."""
        reporter.write(text="loading the training libraries")
        from eval.checkpoint import measure

        return _work(this.kind)(workspace, this, reporter, measure)

    kind = ordered.kind
    if kind in CHORES:
        chore = CHORES[kind]
        return child.run(
            workspace, options.id, lambda this, reporter: chore(workspace, this, reporter), kind in NEED_DEVICE
        )
    if ranks.rank():
        return child.beside(workspace, options.id, carry)
    return child.run(workspace, options.id, carry, needs_device=True)


def _add_rows(one: argparse.ArgumentParser) -> None:
    one.add_argument("--train", required=True, help="training rows: a file, or a stored dataset's name")
    one.add_argument("--validation", help="validation rows, likewise (default: set aside 10 percent of the rows)")
    one.add_argument("--map", action="append", metavar="FIELD=COLUMN",
                     help="a field's column; a file with none of the named columns is read as recognised")  # fmt: skip


def _add_test(one: argparse.ArgumentParser) -> None:
    one.add_argument("--test", help="a test set to look for leaks in, besides those of the workspace")


def _work(kind: str) -> Any:
    """What carries out a run of this kind."""
    if kind == "estimate":
        from sft.estimate import estimate as work
    elif kind == "search":
        from sft.search import search as work
    else:
        from sft.train import train as work
    return work


def parser() -> argparse.ArgumentParser:
    """All verbs and their flags."""
    top = argparse.ArgumentParser(prog="python -m sft", description="Fine-tune a language model, and keep the results.")
    verbs = top.add_subparsers(required=True, metavar="VERB")
    one = verb(verbs, "prepare", prepare, "show what a fine-tune would make of its rows; nothing is trained")
    _add_rows(one)
    _add_test(one)
    add_arguments(one, TrainConfig)
    one = verb(verbs, "train", train, "fine-tune a model on question-answer pairs")
    one.add_argument("--name", required=True, help="name of the tuned model (a name used before gets a new version)")
    _add_rows(one)
    _add_test(one)
    one.add_argument("--allow-leakage", action="store_true", help="go on although test questions stand in training")
    add_arguments(one, TrainConfig)
    one = verb(verbs, "estimate", estimate, "say what a fine-tune would take, from a few real steps")
    _add_rows(one)
    add_arguments(one, TrainConfig)
    one = verb(verbs, "search", search, "try learning rates and ranks, and keep the best (successive halving)")
    one.add_argument("--name", required=True, help="name of the tuned model that the best trial becomes")
    _add_rows(one)
    _add_test(one)
    one.add_argument(
        "--learning-rates",
        type=number,
        nargs="+",
        required=True,
        metavar="RATE",
        help="rates to try",
    )
    one.add_argument("--ranks", type=whole, nargs="+", default=list(RANKS), metavar="RANK", help="LoRA ranks to try")
    one.add_argument("--allow-leakage", action="store_true", help="go on although test questions stand in training")
    add_arguments(one, TrainConfig)
    keeping.add_verbs(verbs)
    one = verb(verbs, "run", run, "carry out an ordered run (used by the other verbs and the page)")
    one.add_argument("id")
    return top


if __name__ == "__main__":
    sys.exit(main(parser()))
