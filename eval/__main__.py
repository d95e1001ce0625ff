"""``python -m eval``: compare systems on a test set, report, ask; measure and tune retrieval; the model worker."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

from data import child, jobs, shell
from data.aliases import called
from data.disk import write_bytes
from data.errors import UserError
from data.options import path, whole
from data.schema import DecodeSettings
from data.store import resolve
from data.workspace import Workspace, open_workspace
from eval import bench, checks, exports, gaps, grid_work, headroom, records, report, stamps, told_votes, tuning
from eval.figures import as_lines
from eval.systems import CORNERS, METHOD, METHODS, K, Parts, corner, parse, possible, searched, settle
from eval.used import scores_by_adapter
from rag.filters import add_filters, named
from rag.likeness import question_vectors


def _parts(options: argparse.Namespace) -> Parts:
    if options.k is not None and options.k < 1:
        raise UserError(f"-k is {options.k}.", "Ask for at least one passage.")
    return Parts(options.model, options.tuned, options.knowledge, options.k or 0, options.method or "")


def _say_defaults(options: argparse.Namespace, workspace: Workspace) -> None:
    """Where a knowledge base's own search settings are a default, with their reason."""
    if options.knowledge and (options.k is None or options.method is None):
        base = resolve(workspace, "knowledge", options.knowledge)
        k, method, why = searched(base.manifest())
        if why:
            told = ([] if options.k else [f"{k} passages"]) + ([] if options.method else [f"method {method}"])
            shell.say(options, f"{base.ref}: {', '.join(told)} by default, {why}.")


def _names(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(name.strip() for name in (options.systems or "").split(",") if name.strip())


def run_bench(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    asked = bench.BenchOrder(
        options.name, options.test, _parts(options), _names(options), tuple(options.system or ()), options.limit,
        options.max_new_tokens, options.allow_leakage,
    )  # fmt: skip
    run = bench.order(workspace, asked, embed=question_vectors)
    _say_defaults(options, workspace)
    run = shell.carry_out(workspace, run)
    scores = records.load_scores(run)
    _say_report(options, run, scores)
    inputs = run.order["inputs"]
    return {
        "run": run.id,
        "test": inputs["test"],
        "tuned_on": inputs["tuned_on"],
        "systems": run.status["summary"]["systems"],
    }


def _say_report(options: argparse.Namespace, run: jobs.Run, scores: dict[str, Any]) -> None:
    shell.say(options, report.as_text(run, scores))
    for sentence in stamps.red(run, scores):
        shell.warn(options, sentence)


def show_report(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    run = jobs.find(workspace, options.name, "bench")
    scores = records.load_scores(run)
    _say_report(options, run, scores)
    written = {}
    for kind, write in {"html": report.as_html, **exports.WRITERS}.items():
        if file := getattr(options, kind):
            write_bytes(file, write(run, scores).encode("utf-8", "replace"))
            shell.say(options, f"Written to {file}.")
            written[kind] = str(file)
    tuned_on = run.order["inputs"].get("tuned_on", {})
    return {"run": run.id, "html": None, **written, "tuned_on": tuned_on, **scores}


def show_votes(options: argparse.Namespace) -> dict[str, Any]:
    run = jobs.find(open_workspace(), options.name, "bench")
    found = told_votes.told(run)
    for one in found:
        raters = ", ".join(one.numbers["raters"])
        said = [f"{one.title}: {one.numbers['votes']} votes by {raters}", *one.preferred, *one.trust]
        shell.say(options, "\n".join([*said, *as_lines(one.measures)]))
    if not found:
        shell.say(options, f"No vote on {run.name} yet; votes are cast on the page Human review.")
    return {"run": run.id, "ballots": [one.numbers for one in found]}


def run_ask(options: argparse.Namespace) -> dict[str, Any]:
    from eval.ask import ask
    from eval.loading import Loader

    workspace, parts = open_workspace(), _parts(options)
    described = [parse(text, parts) for text in options.system or ()]
    names = _names(options) or (() if described else tuple(possible(parts, gold=False)))
    corners = [replace(corner(name, parts), at_least=options.at_least) for name in names]
    systems = settle(workspace, corners + described)
    _say_defaults(options, workspace)

    def tell(event: dict[str, Any]) -> None:
        if "answer" in event:
            _say_answer(options, event["system"], event["answer"])

    settings = DecodeSettings(options.max_new_tokens)
    answers = ask(Loader(workspace), options.question, systems, settings, tell, named(options), options.cite)
    return {"question": options.question, "answers": answers}


def _say_answer(options: argparse.Namespace, system: str, answer: dict[str, Any]) -> None:
    relevance = "" if answer["relevant"] is not False else "  [nothing relevant was found]"
    shell.say(options, f"{system:<8} {answer['text']}   ({answer['seconds']:.2f} s){relevance}")
    for one in answer["citations"]:
        how = "written by the model" if one["written"] else "found by text match, not written by the model"
        shell.say(options, f"         [{one['number']}] {one['verdict']} ({how})")
    if options.steps:
        for step in answer["steps"]:
            took = "not used" if step["seconds"] is None else f"{1000 * step['seconds']:.1f} ms"
            shell.say(options, f"         {step['name']:<9} {took:>10}  {step['said']}")


def list_tuned(options: argparse.Namespace) -> dict[str, Any]:
    """Print what every tuned model scored in the finished comparisons that asked it."""
    workspace, rows = open_workspace(), []
    for ref, scored in scores_by_adapter(workspace).items():
        name = called(workspace, "adapters", ref)
        for one in scored:
            shell.say(options, f"{name:<24} {one.comparison:<20} {one.system:<8} exact match, %: {one.told()}")
            rows.append({"name": name, "id": ref, **vars(one)})
    if not rows:
        shell.say(options, "No finished comparison has asked a tuned model yet.")
    return {"tuned": rows}


def run_child(options: argparse.Namespace) -> int:
    workspace = open_workspace()

    kind = jobs.of_room(workspace, options.id, "eval").kind
    bench_run = kind in ("bench", headroom.KIND)  # a grid only embeds, like a build

    def work(run: jobs.Run, reporter: child.Reporter) -> dict[str, Any]:
        return (bench if bench_run else grid_work).work(workspace, run, reporter)

    return child.run(workspace, options.id, work, bench_run, gaps.any_missing)


def run_worker(options: argparse.Namespace) -> int:
    from eval.worker import serve

    return serve(open_workspace())


def _add_parts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="pocket", help="the base model: pocket, a folder, or a Hugging Face id")
    parser.add_argument("--tuned", metavar="A", help="tuned weights of that base: an adapter or full weights")
    parser.add_argument("--knowledge", metavar="K", help="the knowledge base to retrieve from (K, or K@3)")
    parser.add_argument(
        "--systems", metavar="LIST", help=f"comma-separated, of {', '.join(CORNERS)} (default: all possible)"
    )
    parser.add_argument(
        "--system", action="append", metavar="SPEC", help="one more row: name=...,tuned=...,knowledge=K@3,k=8"
    )
    parser.add_argument("-k", type=whole, help=f"passages per question (default: the knowledge base's own, else {K})")
    parser.add_argument("--method", choices=METHODS, help=f"how passages are found (default: its own, else {METHOD})")
    most = DecodeSettings().max_new_tokens
    parser.add_argument(
        "--max-new-tokens",
        type=whole,
        default=most,
        help="longest answer (default: %(default)s tokens)",
    )


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m eval", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="VERB")
    one = shell.verb(verbs, "bench", run_bench, "compare systems on the same test questions")
    one.add_argument("--name", required=True, help="the name of the comparison")
    one.add_argument("--test", required=True, metavar="F", help="test questions: a file, or a stored dataset")
    one.add_argument("--limit", type=whole, help="use at most so many questions (a fixed random sample)")
    one.add_argument(
        "--allow-leakage", action="store_true", help="go on although test questions stand in the training data"
    )
    _add_parts(one)
    one = shell.verb(verbs, "report", show_report, "show a finished comparison again")
    one.add_argument("name", help="the comparison's name, or its run")
    one.add_argument("--html", type=path, metavar="FILE", help="also write it as one HTML file")
    one.add_argument("--markdown", type=path, metavar="FILE", help="also write its summary as Markdown")
    one.add_argument("--csv", type=path, metavar="FILE", help="also write every answer with its scores as CSV")
    one.add_argument("--jsonl", type=path, metavar="FILE", help="the same as JSON lines, with prompts and passages")
    one = shell.verb(verbs, "votes", show_votes, "what people's votes on a comparison amount to")
    one.add_argument("name", help="the comparison's name, or its run")
    one = shell.verb(verbs, "ask", run_ask, "ask one question of several systems")
    one.add_argument("question")
    one.add_argument("--steps", action="store_true", help="also show the six steps of each answer with their times")
    one.add_argument("--cite", action="store_true", help="ask a model that reads passages to name them, like [1]")
    add_filters(one)
    _add_parts(one)
    checks.add_verbs(verbs)
    shell.verb(verbs, "tuned", list_tuned, "what every tuned model scored, with n and intervals")
    tuning.add_verbs(verbs)
    shell.verb(verbs, "run", run_child, "carry out an ordered run in this process").add_argument("id")
    shell.verb(verbs, "worker", run_worker, "keep a model warm for the page")
    return top


if __name__ == "__main__":
    sys.exit(shell.main(parser()))
