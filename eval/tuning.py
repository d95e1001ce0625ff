"""``python -m eval retrieval | grid | adopt``: measure how a knowledge base finds passages, tune it, keep the best."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from data import jobs, shell
from data.errors import UserError
from data.options import whole
from data.workspace import open_workspace
from eval import gold, grid, measured
from eval.choice import PARTS, Setting
from eval.figures import aligned, cell
from eval.retrieval import MEASURES, WORDS
from rag.settings import METHODS

HEAD = ("chunk", "overlap", "method", "k", *(f"{words}, %" for words in WORDS.values()), "tokens", "")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure one version as it is."""
    from rag.embed import Embedder

    if options.k is not None and options.k < 1:
        raise UserError(f"-k is {options.k}.", "Ask for at least one passage.")
    told = measured.measure(
        open_workspace(), options.knowledge, _source(options), options.k or 0, options.method or "", Embedder.load
    )
    shell.say(options, "\n".join(measured.as_lines(told)))
    return told


def _source(options: argparse.Namespace) -> str:
    return gold.MARKS if options.marks else options.questions


def run_grid(options: argparse.Namespace) -> dict[str, Any]:
    """Try every combination, choose on one half of the questions, report on the other."""
    workspace = open_workspace()
    asked = grid.GridOrder(
        options.knowledge, _source(options), tuple(options.chunk_tokens), tuple(options.overlap_tokens),
        tuple(options.method), tuple(options.k), options.criterion,
    )  # fmt: skip
    run = shell.carry_out(workspace, grid.order(workspace, asked))
    told = grid.result(run)
    shell.say(options, as_text(told))
    shell.say(options, f"Make these settings its own with: python -m eval adopt {run.id}")
    return {"run": run.id, **{key: told[key] for key in ("chosen", "why", "held_out", "left_out", "unit", "notes")}}


def as_text(told: dict[str, Any]) -> str:
    """A grid's result for a terminal: the table of the choosing half, the choice, and the held-out comparison."""
    rows = sorted(told["rows"], key=lambda row: -row[told["criterion"]]["mean"])
    half, held = told["chosen_on"], told["held_out"]
    lines = [f"Chosen on {half['n']} questions in {half['groups']} independent groups ({told['unit']}); "
             "these figures flatter what was chosen:"]  # fmt: skip
    lines += aligned([HEAD, *map(_line, rows)])
    chosen = told["chosen"]
    lines += ["", f"Chosen: {Setting(*(chosen[part] for part in PARTS)).words()}; {told['why']}."]
    half = told["reported_on"]
    lines += ["", f"On the other {half['n']} questions ({half['groups']} groups), 95 % intervals in brackets:"]
    lines += aligned([HEAD, _line({**held["chosen"], "chosen": True}), _line({**held["current"], "current": True})])
    return "\n".join([*lines, "", *held["sentences"], *measured.left_out(told["left_out"]), *told["notes"]])


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    notes = ", ".join(word for word, key in (("chosen", "chosen"), ("in use", "current")) if row.get(key))
    return (*(str(row[part]) for part in PARTS), *(cell(row[m]) for m in MEASURES), f"{row['tokens']:.0f}", notes)


def adopt(options: argparse.Namespace) -> dict[str, Any]:
    """Make a finished grid's choice the knowledge base's own."""
    workspace = open_workspace()
    run = jobs.find(workspace, options.tuning, "grid")
    built = shell.carry_out(workspace, grid.adopt(workspace, run)).status["summary"]
    chosen = grid.result(run)["chosen"]
    shell.say(options, f"{built['knowledge']}: {built['passages']} passages, {built['embedded']} embedded now. It is "
              f"searched with {chosen['method']} and {chosen['k']} passages unless you say otherwise.")  # fmt: skip
    return {**built, "chosen": {part: chosen[part] for part in PARTS}}


def add_verbs(verbs: Any) -> None:
    """The three verbs, beside those of eval.__main__."""
    one = shell.verb(verbs, "retrieval", measure, "measure how well a knowledge base finds the right passages")
    _add_questions(one)
    one.add_argument("-k", type=whole, help="passages per question (default: the knowledge base's own, else 4)")
    one.add_argument("--method", choices=METHODS, help="how passages are found (default: its own, else fused)")
    one = shell.verb(verbs, "grid", run_grid, "try many settings, choose on half of the questions, report on the rest")
    _add_questions(one)
    defaults = asdict(grid.GridOrder("", ""))
    for name, words in (("chunk-tokens", "longest passages"), ("overlap-tokens", "overlaps")):
        one.add_argument(f"--{name}", type=whole, nargs="+", default=defaults[name.replace("-", "_")], metavar="N",
                         help=f"{words} to try, in tokens (default: %(default)s)")  # fmt: skip
    one.add_argument("--method", choices=METHODS, nargs="+", default=METHODS, help="methods to try (default: all)")
    one.add_argument("-k", type=whole, nargs="+", default=grid.KS, help="passages per question (default: %(default)s)")
    one.add_argument("--criterion", choices=tuple(MEASURES), default=grid.CRITERION,
                     help="what is chosen by (default: %(default)s)")  # fmt: skip
    one = shell.verb(verbs, "adopt", adopt, "make a grid's choice the knowledge base's own: its next version")
    one.add_argument("tuning", help="the grid's run, or the knowledge base's name for its newest one")


def _add_questions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("knowledge", help="the knowledge base: NAME or NAME@VERSION")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--questions", metavar="F", help="a file with evidence, or a stored dataset's validation rows")
    given.add_argument("--marks", action="store_true", help="the passages marked in the search lab")
