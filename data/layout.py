"""What each stored JSON file must hold, by the name of the file: the one place that says so, asked by ``data.disk``.

A shape is a type, a tuple of types, a test, a list of one shape, or a dict of key to shape, where "key?" may be missing
and "*" stands for every key. Only what readers rely on is named; a file may hold more.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Any

NUMBER = (int, float)
FIGURE = (int, float, type(None))
TEXT = (str, type(None))


def moment(value: Any) -> bool:
    """True for an ISO 8601 moment with its time zone."""
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def state(value: Any) -> bool:
    """True for a state that a run's own process writes."""
    return value in ("queued", "running", "done", "failed", "stopped")


SYSTEM = {"name?": str, "model?": str, "tuned?": TEXT, "context?": str, "knowledge?": TEXT, "floor?": bool}
SCORED = {"n": int, "exact_match": (dict, type(None)), "token_f1": (dict, type(None)), "tasks": dict}
PAIR = {"first": str, "second": str, "metric": str}
BENCH = {
    "config": {"test?": str, "systems?": [SYSTEM], "leakage?": (dict, type(None))},
    "inputs": {
        "test?": str,
        "prompt?": str,
        "flags?": {"*": [str]},
        "tuned_on?": {"*": dict},
        "unfinished?": {"*": str},
    },
}
TRAIN = {"inputs": {"train?": {"ref": str}}}
CHORE = {"config": {"fetch?": str, "to?": TEXT, "base?": TEXT}, "inputs": {"tuned?": str}}
TUNED = {
    "created": moment, "method": str, "base": {"id": str, "hash": str}, "summary": {"ended": str}, "run?": TEXT,
    "data?": dict, "settings?": dict, "curve?": [dict],
}  # fmt: skip
KNOWLEDGE = {
    "created": moment, "settings": {"chunk_tokens": int, "overlap_tokens": int, "embedder": str},
    "embedder": {"id": str, "weights_hash": str, "dim": int, "dtype": str, "max_tokens": int},
    "index": {"kind": str, "reason": str}, "files": {"*": dict}, "counts": {"documents": int, "passages": int},
    "warnings": [str], "refused": [{"file": str, "what": str}], "stored": {"*": str}, "retrieval?": (dict, type(None)),
}  # fmt: skip
DATASET = {"documents": int, "leakage": dict, "splits": {"*": {"rows": int, "columns": list}}}

SHAPES: dict[str, Any] = {
    "run.json": {"kind": str, "name": str, "created": moment, "config": dict, "inputs": dict},
    "status.json": {
        "state": state, "text?": TEXT, "done?": NUMBER, "total?": NUMBER, "seconds?": NUMBER, "seconds_left?": FIGURE,
        "error?": {"what": str, "fix": str}, "summary?": dict, "pid?": int, "pid_started?": NUMBER, "device?": TEXT,
        "device_reason?": TEXT, "versions?": dict, "started?": moment, "host?": TEXT, "boot_id?": TEXT,
    },
    "current.json": {"version": int},
    "deleted.json": {"deleted": str},
    ".names.json": {"names": {"*": str}},
    "marks.json": {"marks": [{"id": str, "question": str, "document": str, "start": int, "end": int, "quote": str}]},
    "ballot.json": {"systems": [str]},
    "plan.json": {"batches": [{"system": str, "examples": [str]}]},
    "labels.json": {"labels": {"*": {"*": str}}},
    "taught.json": {"taught": {"*": {"*": (bool, type(None))}}},
    "conditions.json": {"systems": dict},
    "scores.json": {
        "systems": {"*": SCORED}, "pairs": [PAIR], "task_pairs?": [PAIR], "units": int, "slices?": {"*": dict},
        "claims?": [dict], "seeds?": [dict], "why?": {"*": {"*": int}}, "latency?": {"*": dict}, "throughput?": dict,
        "fairness?": {"differs": list, "designed": list, "unknown": list}, "hidden?": dict, "memory?": dict,
    },
    "answers.jsonl": {
        "system": str, "example": str, "text": str, "seconds": NUMBER, "finish_reason?": str,
        "available?": bool, "hits": list, "conversation": list,
    },
    "passages.jsonl": {"id": str, "document": str, "text": str, "start": int, "end": int},
    "examples.jsonl": {"id": str, "question": str, "answers": [str], "tags": [str]},
    "latency.jsonl": {"system": str, "example": str},
    "searches.jsonl": {"system": str, "example": str},
}  # fmt: skip
SHAPES["counterfactual.jsonl"] = SHAPES["answers.jsonl"]

KINDS: dict[tuple[str, str], Any] = {  # what else a file of this name must hold whose "kind" is this
    ("run.json", "bench"): BENCH,
    ("run.json", "headroom"): BENCH,
    **{("run.json", kind): TRAIN for kind in ("train", "estimate", "search")},
    **{("run.json", kind): CHORE for kind in ("fetch", "merge", "export", "import")},
    ("manifest.json", "adapters"): TUNED,
    ("manifest.json", "knowledge"): KNOWLEDGE,
    ("manifest.json", "datasets"): DATASET,
}

FIXES = {  # what to do about a file that cannot be read, where making it again is not the answer
    "run.json": "Restore it from a copy, or order the job again.",
    "status.json": "Restore it from a copy, or delete it and resume the run.",
    "current.json": "Restore it from a copy, or delete it: the name then means its newest version.",
    ".names.json": "Restore it from a copy, or delete it: everything then goes by its first name.",
    "marks.json": "Restore it from a copy, or delete it to begin without marks.",
    "scores.json": "Restore it from a copy, or score the answers again: python -m eval rescore RUN",
}
FIX = "Restore it from a copy, or make it again."


def fix(path: PurePath) -> str:
    """What a user can do about a stored file that is damaged."""
    return FIXES.get(path.name, FIX)


def misfit(path: PurePath, value: dict[str, Any], given: Any = None) -> str:
    """What a stored object lacks to be what its file's name says, in a few words; empty when nothing.

    ``given`` is asked in place of what the name says: the shape of a file whose name says nothing, or that comes from
    elsewhere.
    """
    if given:
        return _misfit(value, given, "")
    kind = KINDS.get((path.name, str(value.get("kind"))))
    if kind is None and path.name == "manifest.json" and len(path.parts) > 3:
        kind = KINDS.get((path.name, path.parts[-4]))  # <kind>/<name>/<version>/manifest.json
    shapes = [SHAPES.get(path.name, dict), kind or dict]
    return next((found for shape in shapes if (found := _misfit(value, shape, ""))), "")


def _misfit(value: Any, shape: Any, where: str) -> str:
    if isinstance(shape, dict):
        return _of_keys(value, shape, where)
    if isinstance(shape, list):
        inner = enumerate(value, 1) if isinstance(value, list) else ()
        found = (_misfit(one, shape[0], f"{where}, number {number}") for number, one in inner)
        return next(filter(None, found), "" if isinstance(value, list) else f"no list of {where}")
    fits = isinstance(value, shape) if isinstance(shape, (type, tuple)) else shape(value)
    return "" if fits else f"no usable {where}"


def _of_keys(value: Any, shape: dict[str, Any], where: str) -> str:
    if not isinstance(value, dict):
        return f"no usable {where}"
    for key, inner in shape.items():
        name = key.removesuffix("?")
        keys = list(value) if key == "*" else [name] if name in value or not key.endswith("?") else []
        for one in keys:
            if found := _misfit(value.get(one), inner, f"{where}.{one}".lstrip(".")):
                return found
    return ""
