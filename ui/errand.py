"""Short work that loads the readers of data files, done in a child process so that the page's own stays light.

Run as python -m ui.errand: one JSON request on standard input, one JSON answer on standard output, which is either
{"result": ...} or {"error": {what, fix, leak, columns}}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data import jobs
from data.denied import traced
from data.errors import UserError
from data.leakage import LeakageFound
from data.workspace import open_workspace

HOME = Path(__file__).resolve().parents[1]


class Refused(UserError):
    """An errand's UserError on the page: ``leak`` if only a confirmation is missing, and the files' ``columns``."""

    def __init__(self, what: str, fix: str, leak: bool, columns: dict[str, list[str]]) -> None:
        super().__init__(what, fix)
        self.leak, self.columns = leak, columns


def run_errand(request: dict[str, Any]) -> dict[str, Any]:
    """Have an errand done (the page's side): {"result"} or {"error"}, see ``result_of``."""
    done = subprocess.run(
        [sys.executable, "-m", "ui.errand"], input=json.dumps(request), capture_output=True, text=True, cwd=HOME,
    )  # fmt: skip
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError) as error:
        raise RuntimeError(f"an errand ended with {done.returncode}:\n{done.stderr[-2000:]}") from error
    if "error" in answer:
        sys.stderr.write(done.stderr)  # what nobody foresaw left its traceback: on to the log of the page's server
    return answer


def result_of(answer: dict[str, Any]) -> Any:
    """An errand's result. Raises Refused for what the user can put right."""
    if problem := answer.get("error"):
        raise Refused(**problem)
    return answer["result"]


def _check(request: dict[str, Any]) -> Any:
    from data.dataset import check
    from rag.likeness import question_vectors

    files = {split: Path(path) for split, path in request["files"].items()}
    folder = Path(request["documents"]) if request["documents"] else None
    return check(files, folder, request["mapping"] or None, question_vectors)


def _add(request: dict[str, Any]) -> dict[str, Any]:
    from data.dataset import add

    return {"name": add(open_workspace(Path(request["workspace"])), request["name"], _check(request)).ref}


def _started(order: Callable[[dict[str, Any]], jobs.Run]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An errand that orders a run and starts it: {"run": its id}.

    Both happen here because nothing ends this process early. The page's script is ended at any line when the reader
    leaves the page, and an order that it had yet to start would never begin.
    """

    def errand(request: dict[str, Any]) -> dict[str, Any]:
        run = order(request)
        jobs.start(open_workspace(Path(request["workspace"])), run)
        return {"run": run.id}

    return errand


def _bench(request: dict[str, Any]) -> jobs.Run:
    from eval.bench import BenchOrder, order
    from eval.systems import Parts
    from rag.likeness import question_vectors

    workspace = open_workspace(Path(request["workspace"]))
    asked = BenchOrder(**request["order"] | {"parts": Parts(**request["order"]["parts"])})
    return order(workspace, asked, embed=question_vectors)


def _rows(request: dict[str, Any]) -> dict[str, Any]:
    """What preparing and ordering a fine-tune have in common, out of a request."""
    from rag.likeness import question_vectors
    from sft.config import TrainConfig

    return {
        "workspace": open_workspace(Path(request["workspace"])), "config": TrainConfig(**request["config"]),
        "train": request["train"], "validation": request["validation"], "mapping": request["mapping"] or None,
        "embed": question_vectors,
    }  # fmt: skip


def _prepare(request: dict[str, Any]) -> dict[str, Any]:
    from data.options import checked
    from sft.preparation import preparation

    given = _rows(request)
    checked(given["config"])
    return preparation(**given).told()


def _train(request: dict[str, Any]) -> jobs.Run:
    from sft.orders import order_training

    return order_training(name=request["name"], allow_leakage=request["allowed"], **_rows(request))


def _search(request: dict[str, Any]) -> jobs.Run:
    from sft.orders import order_search

    pairs = {"learning_rates": request["learning_rates"], "ranks": request["ranks"]}
    return order_search(name=request["name"], allow_leakage=request["allowed"], **pairs, **_rows(request))


def _estimate(request: dict[str, Any]) -> jobs.Run:
    from sft.orders import order_estimate

    given = _rows(request)
    given.pop("embed")  # an estimate looks for no leaks
    return order_estimate(name="estimate", **given)


def _rescore(request: dict[str, Any]) -> dict[str, Any]:
    from eval import gaps
    from eval.bench import score_again

    run = jobs.load(open_workspace(Path(request["workspace"])), request["run"])
    gaps.refuse(run)
    score_again(run)
    return {"run": run.id}


def _grid(request: dict[str, Any]) -> jobs.Run:
    from eval.grid import GridOrder, order

    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in request["order"].items()
    }
    return order(open_workspace(Path(request["workspace"])), GridOrder(**given))


def _token_counts(request: dict[str, Any]) -> list[int]:
    from data.schema import Passage
    from rag.lengths import token_counts

    return token_counts(request["embedder"], [Passage(**row) for row in request["passages"]])


def _headroom(request: dict[str, Any]) -> jobs.Run:
    from eval.headroom import order

    return order(open_workspace(Path(request["workspace"])), request["model"], request["test"])


def _compare(request: dict[str, Any]) -> dict[str, Any]:
    from eval.two_runs import compare

    workspace = open_workspace(Path(request["workspace"]))
    return compare(jobs.load(workspace, request["first"]), jobs.load(workspace, request["second"]))


def _model(request: dict[str, Any]) -> dict[str, Any]:
    from sft.lookup import said_of

    return said_of(request["model"], request["ask_hub"])


def _columns(request: dict[str, Any]) -> dict[str, list[str]]:
    """The columns of each file of a refused request, so that the page can offer to map them."""
    from data.rows import read_rows

    found = {}
    given = {split: request.get(split) for split in ("train", "validation")}
    files = request.get("files") or {split: path for split, path in given.items() if path}
    for split, path in files.items():
        if not Path(path).is_file():
            continue
        try:
            found[split] = list(dict.fromkeys(str(column) for row in read_rows(Path(path)) for column in row))
        except UserError:
            continue
    return found


def main() -> int:
    """The child's side: do the one request on standard input."""
    request = json.load(sys.stdin)
    known: dict[str, Callable[[dict[str, Any]], Any]] = {
        "check": lambda asked: _check(asked).summary(),
        "add": _add,
        "bench": _started(_bench),
        "prepare": _prepare,
        "train": _started(_train),
        "estimate": _started(_estimate),
        "search": _started(_search),
        "grid": _started(_grid),
        "token_counts": _token_counts,
        "rescore": _rescore,
        "headroom": _started(_headroom),
        "compare": _compare,
        "model": _model,
    }
    do = known[request.pop("do")]
    try:
        answer: dict[str, Any] = {"result": do(request)}
    except Exception as error:
        said = traced(error)
        if said is None:
            raise
        leak = isinstance(said, LeakageFound)
        answer = {"error": {"what": said.what, "fix": said.fix, "leak": leak, "columns": _columns(request)}}
    print(json.dumps(answer, ensure_ascii=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
