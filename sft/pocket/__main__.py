"""``python -m sft.pocket make`` trains the bundled model; ``report`` measures it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# Spinning threads stall each other on shared cores; this has to stand before torch is imported.
for _name, _value in (
    ("OMP_NUM_THREADS", str(os.cpu_count() or 1)),
    ("GOMP_SPINCOUNT", "0"),
    ("OMP_WAIT_POLICY", "PASSIVE"),
    ("TOKENIZERS_PARALLELISM", "false"),
):
    os.environ.setdefault(_name, _value)

from sft.pocket import PATH  # noqa: E402  (after the thread settings)

WORK = Path("workspace") / "pocket"


def parser() -> argparse.ArgumentParser:
    """The two verbs and their flags."""
    top = argparse.ArgumentParser(prog="python -m sft.pocket", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    make = verbs.add_parser("make", help="train the bundled model from nothing on this machine's cores")
    make.add_argument("--minutes", type=float, default=50.0, help="time to train, in all (default: %(default)s)")
    make.add_argument("--out", type=Path, default=PATH, help="the model folder to write (default: the bundled one)")
    make.add_argument("--work", type=Path, default=WORK, help="folder for checkpoints (default: %(default)s)")
    make.add_argument("--resume", action="store_true", help="go on from the checkpoint in the work folder")
    make.add_argument("--ranks", type=int, help="processes (default: one on a GPU, else one a core)")
    report = verbs.add_parser("report", help="measure the model and print a table")
    report.add_argument("--model", type=Path, default=PATH, help="the model folder (default: the bundled one)")
    report.add_argument("--count", type=int, default=300, help="questions in each exam (default: %(default)s)")
    report.add_argument("--labels", type=Path, help="a label task's folder (train, validation, test.jsonl)")
    report.add_argument("--no-learning", action="store_true", help="leave out the fine-tunes, about ten minutes")
    report.add_argument("--out", type=Path, default=PATH.with_name("report.json"), help="file for the figures")
    for verb in (make, report):
        verb.add_argument("--reading", type=Path, help="real paragraphs (paragraphs.jsonl.gz); without it: none")
    return top


def run_make(args: argparse.Namespace) -> None:
    """Train, with progress on the terminal."""
    from sft.pocket.checkpoint import forget
    from sft.pocket.train import Order, fit

    if not args.resume:
        forget(args.work)
    if args.reading is None:
        print("No --reading file: the lessons on real paragraphs are left out.", flush=True)
    fit(Order(args.minutes, args.reading, args.work, args.out, args.ranks))


def run_report(args: argparse.Namespace) -> None:
    """Measure and print."""
    from sft.pocket import targets
    from sft.pocket.report import measure, write
    from sft.pocket.train import say

    figures = measure(args.model, args.reading, args.labels, args.count, not args.no_learning, say)
    write(figures, args.out)
    say("\n".join(["", *targets.table(targets.rows(figures))]))


if __name__ == "__main__":
    chosen = parser().parse_args()
    (run_make if chosen.verb == "make" else run_report)(chosen)
