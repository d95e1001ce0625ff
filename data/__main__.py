"""``python -m data``: datasets (add, check, list) and jobs (list, stop, resume)."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from data import dataset, jobs, shell
from data.errors import UserError
from data.listing import current
from data.options import path
from data.workspace import open_workspace


def _checked(options: argparse.Namespace) -> dataset.Checked:
    files = {split: getattr(options, split) for split in ("train", "validation", "test") if getattr(options, split)}
    return dataset.check(files, options.documents, shell.mapped(options.map))


def _tell(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    for split, part in summary["splits"].items():
        tasks = ", ".join(f"{count} {task}" for task, count in part["tasks"].items())
        shell.say(options, f"{split}: {part['rows']} rows read as {part['shape']} ({tasks}; {part['task_reason']})")
        for refusal in part["refused"]:
            shell.say(options, f"  {part['file']}, row {refusal['row']} left out: {refusal['why']}")
        if part["refused_count"] > len(part["refused"]):
            shell.say(options, f"  ... {part['refused_count']} rows left out in all")
    for sentence in summary["leakage"]["sentences"]:
        shell.say(options, sentence)


def check(options: argparse.Namespace) -> dict[str, Any]:
    summary = _checked(options).summary()
    _tell(options, summary)
    return summary


def add(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    checked = _checked(options)
    summary = checked.summary()
    _tell(options, summary)
    artifact = dataset.add(workspace, options.name, checked)
    shell.say(options, f"Stored as {artifact.ref}.")
    return {"name": artifact.ref, **summary}


def list_datasets(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    found, damaged = current(workspace, "datasets")
    for artifact, manifest in found:
        counts = ", ".join(f"{split} {part['rows']}" for split, part in manifest["splits"].items())
        shell.say(options, f"{artifact.ref}: {counts}")
    for sentence in damaged:
        shell.warn(options, sentence)
    return {"datasets": [artifact.ref for artifact, _ in found]}


def list_jobs(options: argparse.Namespace) -> dict[str, Any]:
    runs = jobs.list_runs(open_workspace())
    for run in runs:
        shell.say(options, f"{run.id:<44} {run.kind:<6} {run.state:<8} {run.status.get('text', '')}")
    for sentence in jobs.damaged(open_workspace()):
        shell.say(options, sentence)
    if not runs:
        shell.say(options, "No runs yet.")
    return {"runs": [{"id": run.id, "kind": run.kind, "name": run.name, "state": run.state} for run in runs]}


def stop(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    run = jobs.stop(workspace, jobs.find(workspace, options.id))
    shell.say(options, f"Run {run.id} is {run.state}.")
    return {"run": run.id, "state": run.state}


def resume(options: argparse.Namespace) -> dict[str, Any]:
    workspace = open_workspace()
    run = jobs.find(workspace, options.id)
    if run.state not in ("stopped", "died", "failed"):
        raise UserError(f"Run {run.id} is {run.state}.", "Only a stopped, died or failed run can be resumed.")
    run = shell.carry_out(workspace, run)
    return {"run": run.id, "state": run.state, **run.status.get("summary", {})}


def _add_files(parser: argparse.ArgumentParser) -> None:
    for split in ("train", "validation", "test"):
        parser.add_argument(f"--{split}", type=path, metavar="FILE", help=f"{split} pairs: JSONL, JSON, CSV or Parquet")
    parser.add_argument("--documents", type=path, metavar="DIR|FILE", help="the documents the questions are about")
    parser.add_argument("--map", action="append", metavar="FIELD=COLUMN", help="the column that holds a field")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="VERB")
    adding = shell.verb(verbs, "add", add, "read, check and store a dataset")
    adding.add_argument("name", help="the name to store it under")
    _add_files(adding)
    _add_files(shell.verb(verbs, "check", check, "read and check files without storing anything"))
    shell.verb(verbs, "list", list_datasets, "the stored datasets")
    job_verbs = verbs.add_parser("jobs", help="list, stop or resume jobs").add_subparsers(required=True, metavar="VERB")
    shell.verb(job_verbs, "list", list_jobs, "all runs, newest first")
    for name, run, text in (("stop", stop, "stop a running job"), ("resume", resume, "go on with an ended job")):
        shell.verb(job_verbs, name, run, text).add_argument("id", help="the run's id, its beginning, or its name")
    return top


if __name__ == "__main__":
    sys.exit(shell.main(parser()))
