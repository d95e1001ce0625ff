"""What every room's command line shares: errors as one sentence, JSON as the last line, and following a job."""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from data import jobs
from data.denied import told, traced
from data.errors import UserError
from data.workspace import Workspace

LINE_SECONDS = 2.0  # between two progress lines where they cannot overwrite each other (a log file)


def main(parser: argparse.ArgumentParser, arguments: list[str] | None = None) -> int:
    """Parse, call the chosen verb's function ``run(args) -> dict | int`` and print its result.

    A dict is printed as one JSON object on the last line with ``--json``. Exit code 2 for what the user can fix;
    python -X dev shows the traceback of what the system refused, too.
    """
    for stream in (sys.stdout, sys.stderr):  # half characters, which a file's name may hold, are shown as codes
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = parser.parse_args(arguments)
        result = options.run(options)
    except BrokenPipeError:
        return 1
    except Exception as error:
        if said := (traced if sys.flags.dev_mode else told)(error):
            return _refused(said)
        raise
    if isinstance(result, int):
        return result
    if getattr(options, "json", False):
        print(json.dumps(result, ensure_ascii=False))
    return 0


def _refused(error: UserError) -> int:
    print("Error: " + " ".join(str(error).splitlines()), file=sys.stderr)
    return 2


def verb(verbs: Any, name: str, run: Callable[[argparse.Namespace], Any], help: str) -> argparse.ArgumentParser:  # noqa: A002
    """Add one verb with its ``--help`` and ``--json``."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=help, description=help)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object on the last line")
    parser.set_defaults(run=run)
    return parser


def mapped(pairs: Sequence[str] | None) -> dict[str, str] | None:
    """{field: column} out of the values of ``--map``; None without any. Raises UserError for what is no pair."""
    mapping = {}
    for pair in pairs or ():
        field, _, column = pair.partition("=")
        if not column:
            raise UserError(f"--map {pair!r} is not FIELD=COLUMN.", "For example: --map question=Frage")
        mapping[field] = column
    return mapping or None


def say(options: argparse.Namespace, text: str) -> None:
    """A line for people: standard output, or standard error when ``--json`` keeps that for the result."""
    print(text, file=sys.stderr if getattr(options, "json", False) else sys.stdout, flush=True)


def warn(options: argparse.Namespace, text: str) -> None:
    """The same in red, where the terminal knows colours."""
    stream = sys.stderr if getattr(options, "json", False) else sys.stdout
    say(options, f"\x1b[31m{text}\x1b[0m" if stream.isatty() else text)


def carry_out(workspace: Workspace, run: jobs.Run) -> jobs.Run:
    """Start an ordered run and follow it to its end. Raises UserError when it fails, is stopped or dies."""
    process = jobs.start(workspace, run)
    print(f"Run {run.id}", file=sys.stderr, flush=True)
    last, shown = "", 0.0
    try:
        while True:
            ended = process.poll() is not None
            run = jobs.load(workspace, run.id)
            if ended or sys.stderr.isatty() or time.monotonic() - shown >= LINE_SECONDS:
                last, shown = _show(run, last), time.monotonic()
            if ended:
                break
            time.sleep(0.2)
    except KeyboardInterrupt:
        print("\nStopping (what is finished is kept) ...", file=sys.stderr, flush=True)
        run = jobs.stop(workspace, run)
    if run.state == "done":
        return run
    if run.state == "stopped":
        raise UserError(f"Run {run.id} was stopped.", f"Go on with: python -m data jobs resume {run.id}")
    if run.state == "failed":
        raise UserError(run.status["error"]["what"], run.status["error"]["fix"])
    where = f"Its log: {run.folder / 'log.txt'}. Go on with: python -m data jobs resume {run.id}"
    raise UserError(f"Run {run.id} died.", where)


def _show(run: jobs.Run, last: str) -> str:
    """Print the progress line if it changed; on a terminal it overwrites itself."""
    status = run.status
    text = str(status.get("text", ""))
    if status.get("total"):
        text = f"{100 * status['done'] / status['total']:3.0f} %  {text}"
    if status.get("seconds_left"):
        text += f"  ({duration(status['seconds_left'])} left)"
    if text != last:
        end = "\r" if sys.stderr.isatty() and not run.ended else "\n"
        print(f"{text:<100}" if end == "\r" else text, end=end, file=sys.stderr, flush=True)
    return text


def duration(seconds: float) -> str:
    """A length of time for people: "8 s", "3 min 20 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
