"""The verbs around a comparison: headroom before it, compare, rescore and complete after it."""

from __future__ import annotations

import argparse
from typing import Any

from data import jobs, shell
from data.errors import UserError
from data.options import whole
from data.schema import DecodeSettings
from data.workspace import open_workspace
from eval import bench, gaps, headroom, records, two_runs
from eval.figures import cell


def check_headroom(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    run = headroom.order(workspace, options.model, options.test, options.sample, options.max_new_tokens)
    scores = records.load_scores(shell.carry_out(workspace, run))
    shell.say(options, headroom.as_text(scores))
    return {"run": run.id, "systems": bench.short(scores), "advice": headroom.advice(scores)}


def compare_runs(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    found = two_runs.compare(*(jobs.find(workspace, name, "bench") for name in (options.first, options.second)))
    for row in found["systems"]:
        if row["metric"] == "exact_match":
            means = f"{cell(row['first'])} % and {cell(row['second'])} %"
            shell.say(options, f"{row['system']}: {means}. {row['sentence']}")
    for line in found["differs"]:
        shell.warn(options, line)
    for line in found["designed"]:
        shell.say(options, line)
    return found


def score_again(options: argparse.Namespace) -> dict[str, Any]:
    run = jobs.find(open_workspace(), options.name, "bench")
    before = records.load_scores(run)
    gaps.refuse(run)
    bench.score_again(run)
    same = before == records.load_scores(run)
    shell.say(options, f"{run.id} was scored again: {'the same numbers' if same else 'other numbers than before'}.")
    return {"run": run.id, "same": same}


def complete(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    run = jobs.find(workspace, options.name, "bench")
    if run.state != "done":
        raise UserError(f"Run {run.id} is {run.state}.", f"Go on with it by: python -m data jobs resume {run.id}")
    lost = gaps.missing(run)
    for sentence in gaps.told(run, lost):
        shell.warn(options, sentence)
    if lost:
        shell.carry_out(workspace, run)
    shell.say(options, f"{run.id} has every answer{' again' if lost else ''}.")
    return {"run": run.id, "were_missing": sum(lost.values())}


def add_verbs(verbs: Any) -> None:
    one = shell.verb(verbs, "headroom", check_headroom, "what the base knows, and what the right passage would add")
    one.add_argument("--test", required=True, metavar="F", help="test questions: a file, or a stored dataset")
    one.add_argument("--model", default="pocket", help="the base model: pocket, a folder, or a Hugging Face id")
    one.add_argument(
        "--sample",
        type=whole,
        default=headroom.SAMPLE,
        help="questions asked, drawn at random (default: %(default)s)",
    )
    most = DecodeSettings().max_new_tokens
    one.add_argument(
        "--max-new-tokens",
        type=whole,
        default=most,
        help="longest answer (default: %(default)s tokens)",
    )
    one = shell.verb(verbs, "compare", compare_runs, "compare two finished runs over the same test questions")
    one.add_argument("first", help="a comparison's name, or its run")
    one.add_argument("second", help="the other one")
    one = shell.verb(verbs, "rescore", score_again, "score the stored answers of a comparison again, without a model")
    one.add_argument("name", help="the comparison's name, or its run")
    one = shell.verb(verbs, "complete", complete, "ask again what a finished comparison has lost of its answers")
    one.add_argument("name", help="the comparison's name, or its run")
