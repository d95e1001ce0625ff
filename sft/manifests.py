"""The manifest of a tuned model that comes from elsewhere: every value is looked at before it is taken over.

What is known here must be of its kind; what is not known stays behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.disk import read_json
from data.errors import UserError
from sft.adapters import QUESTIONS
from sft.choice import WORDS
from sft.plain_values import number

Check = Callable[[Any], bool]
LONGEST = 100_000  # characters of a text: an instruction may be long
MOST = 10**12  # of anything counted
HASH = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{7,40}")
METHODS = {"LORA": ("lora", "qlora"), "IA3": ("ia3",)}  # of each kind of adapter
ENDS = ("complete", "early", "stopped", "failed", "imported")
CONTEXTS = ("none", "gold", "mixed", "crowd")


def text(value: Any) -> bool:
    """True for a text of a length that people would write."""
    return isinstance(value, str) and len(value) <= LONGEST


def count(value: Any) -> bool:
    """True for a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def _simple(value: Any) -> bool:
    return isinstance(value, bool) or number(value) or text(value)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _among(known: tuple[str, ...]) -> Check:
    return lambda value: isinstance(value, str) and value in known


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _list(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(text(key) and check(one) for key, one in value.items())


def _data(value: Any) -> bool:
    """{"train": {file, fingerprint, examples, refused}}, and the same for validation rows; of a stored dataset its name
    and version as well."""
    parts = {"file": text, "fingerprint": text, "examples": count, "refused": count}
    return isinstance(value, dict) and all(
        name in ("train", "validation")
        and isinstance(one, dict)
        and all(parts[key](one.get(key)) for key in parts)
        and text(one.get("dataset", ""))
        for name, one in value.items()
    )


def _audit(value: Any) -> bool:
    """A leakage audit as manifests hold it: counts, texts and lists of them."""
    return isinstance(value, dict) and all(
        _found(one) or _list(lambda part: _found(part) or _object(_found)(part))(one) for one in value.values()
    )


def _found(value: Any) -> bool:
    """What an audit tells of: also a whole question, which may be of any length."""
    return isinstance(value, str) or _simple(value)


def _criterion(value: Any) -> bool:
    """What chose the checkpoint: {keep, stop, reason}, and with a metric {metric, metric_reason, asked}."""
    if not _object(text)(value) or not {"keep", "stop", "reason"} <= value.keys():
        return False
    asked = {"metric", "metric_reason", "asked"} <= value.keys() and value["metric"] in WORDS
    known = ("loss", "last", "metric") if asked else ("loss", "last")
    return value["keep"] in known and value["stop"] in (*known, "both") and (asked or "metric" not in value)


def _point(value: Any) -> bool:
    """One measurement of a curve: its step, and a task metric only with interval and n."""
    parts = {"eval_metric", "eval_metric_low", "eval_metric_high", "eval_metric_n"}
    return _object(number)(value) and "step" in value and len(parts & value.keys()) in (0, len(parts))


TEXTS = ("template_note", "device", "dtype", "prompt", "validation")
RULES: dict[str, tuple[Check, str]] = {
    **dict.fromkeys(TEXTS, (text, "a text")),
    "instruction": (_or_none(text), "a text"),
    "context": (_or_none(_among(CONTEXTS)), f"one of {', '.join(CONTEXTS)}"),
    "data": (_data, "what was trained on: file, fingerprint and counts of rows"),
    "reasons": (_object(text), "texts by name"),
    "settings": (_object(_or_none(_simple)), "settings by name"),
    "criterion": (_criterion, "what chose the checkpoint: keep, stop, reason and metric, as a run states it"),
    **dict.fromkeys(("training_rows", "validation_rows"), (_object(count), "counts by name")),
    **dict.fromkeys(("base_parameters", "trained_parameters"), (count, "a count")),
    "doubts": (_list(text), "a list of texts"),
    "leakage": (_or_none(_list(_audit)), "a list of leakage audits"),
    "curve": (_list(_point), "a list of measurements, each with its step"),
}  # fmt: skip
SUMMARY: dict[str, tuple[Check, str]] = {
    "ended": (_among(ENDS), f"one of {', '.join(ENDS)}"),
    **dict.fromkeys(("steps", "planned_steps", "rows", "with_passages", "closed_book", "repeats", "rehearsed",
                     "too_long", "metric_n"), (count, "a count")),
    "best_step": (_or_none(count), "a count"),
    "validation_loss": (_or_none(number), "a number"),
    **dict.fromkeys(("metric_mean", "metric_low", "metric_high"),
                    (lambda value: number(value) and 0 <= value <= 1, "a number from 0 to 1")),
    "metric": (_among(tuple(WORDS)), f"one of {', '.join(WORDS)}"),
    "seconds": (lambda value: number(value) and value >= 0, "a number of seconds"),
    "context": RULES["context"],
    "notes": (_list(text), "a list of texts"),
    "reason": (text, "a text"),
}  # fmt: skip
BASE: dict[str, tuple[Check, str]] = {
    "id": (lambda value: text(value) and bool(value.strip()) and value.isprintable(), "a name on one line"),
    "hash": (_matches(HASH), "64 hexadecimal digits, the SHA-256 of its weights"),
    "revision": (_or_none(_matches(COMMIT)), "a commit"),
}
TAUGHT: dict[str, tuple[Check, str]] = {
    **dict.fromkeys(("keys", "facts", "pairs"), (_list(lambda one: isinstance(one, str)), "a list of texts")),
    "documents": (_object(count), "counts by name"),
}


def manifest_in(folder: Path, kind: str) -> dict[str, Any] | None:
    """The manifest of a folder that Crossover exported, known keys only; None for a folder made elsewhere.

    ``kind`` is the adapter's own ("LORA"). Raises UserError for a value that is missing or not of its key's kind.
    """
    path = folder / "manifest.json"
    if not path.exists():
        return None
    given = read_json(path, dict)  # no file of ours: the rules below are asked, not those of data.layout
    methods = METHODS[kind]
    one_of = {"method": (_among(methods), f"one of {', '.join(methods)}, as the adapter itself is")}
    parts = {}
    for name, rules, needed in (("base", BASE, ("id", "hash")), ("summary", SUMMARY, ("ended",))):
        if not isinstance(given.get(name), dict):
            raise UserError(f"{path} does not state the {name}.", "Export the tuned model again.")
        parts[name] = _kept(given[name], rules, path, f"{name}.", needed)
    return _kept(given, RULES | one_of, path, "", ("method",)) | parts


def questions_in(folder: Path) -> dict[str, Any] | None:
    """What the training rows of an exported folder taught, known keys only; None where it is not told."""
    path = folder / QUESTIONS
    return _kept(read_json(path), TAUGHT, path, "", ("keys",)) if path.exists() else None


def _kept(
    given: dict[str, Any], rules: dict[str, tuple[Check, str]], path: Path, where: str, needed: tuple[str, ...]
) -> dict[str, Any]:  # fmt: skip
    for key, (fits, wanted) in rules.items():
        if key not in given and key in needed:
            raise UserError(f"{path} does not state the {where}{key}.", "Export the tuned model again.")
        if key in given and not fits(given[key]):
            raise UserError(f"{path} states the {where}{key} {str(given[key])[:60]!r}.", f"It must be {wanted}.")
    return {key: given[key] for key in rules if key in given}
