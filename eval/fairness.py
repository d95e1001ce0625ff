"""Were the systems compared under the same conditions? What must be equal and is not; what differs on purpose. Pure.

The weights, the passages and how they are searched for differ by design: they are what is compared. Everything else is
a reason for a difference in scores that nobody asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Conditions = Mapping[str, Sequence[Mapping[str, Any]]]
"""{system: what eval.conditions wrote, several where a run was resumed under other ones}"""

EQUAL = {
    "test": "Test questions", "base_hash": "Base checkpoint", "dtype": "Number format", "device": "Device",
    "decoding": "Decoding", "prompt": "Prompt form", "instruction": "Instruction", "template": "Chat template",
    "budget": "Prompt budget in tokens",
}  # fmt: skip
DESIGNED = {
    "weights": "Tuned weights", "training_data": "Training data",
    "training_context": "Training context", "knowledge": "Knowledge base",
    "k": "Passages", "method": "Search method", "at_least": "Least score of a passage",
    "search_tuned_on": "Search settings tuned on", "chosen_on": "Checkpoint chosen on",
}  # fmt: skip
ENOUGH = 0.9  # of the training rows' documents; fewer, and the two methods were not given the same knowledge


@dataclass(frozen=True)
class Lock:
    """``differs``: what must be said in red. ``designed``: what is compared. ``unknown``: what nobody can check."""

    differs: tuple[str, ...]
    designed: tuple[str, ...]
    unknown: tuple[str, ...]

    def saved(self) -> dict[str, list[str]]:
        return {name: list(lines) for name, lines in asdict(self).items()}


def lock(conditions: Conditions) -> Lock:
    """What differs between the systems of one comparison, in sentences."""
    differs = [line for key, name in EQUAL.items() if (line := _difference(conditions, key, name))]
    differs += [line for name, met in conditions.items() for line in _within(name, met)]
    said = "By design, different"
    designed = [line for key, name in DESIGNED.items() if (line := _difference(conditions, key, name, said))]
    few, unknown = _indexed(conditions)
    strange, open_ = _datasets(conditions)
    return Lock((*differs, *strange, *few), tuple(designed), (*open_, *unknown))


def _difference(conditions: Conditions, key: str, name: str, begun: str = "Different") -> str | None:
    """One sentence on who has which value; None where all systems that have this condition agree."""
    having: dict[str, list[str]] = {}
    for system, met in conditions.items():
        for one in met:
            if key in one and system not in having.setdefault(_shown(key, one), []):
                having[_shown(key, one)].append(system)
    if len(having) < 2:
        return None
    told = [f"{value} ({', '.join(who)})" for value, who in having.items()]
    return f"{begun} {name[0].lower()}{name[1:]}: {'; '.join(told)}."


def _shown(key: str, one: Mapping[str, Any]) -> str:
    if key == "base_hash":
        return f"{one.get('base')} {str(one[key])[:12]}"
    return "none" if one[key] in (None, "") else str(one[key])


def _within(system: str, met: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with one system's own conditions, whatever the others' are."""
    found = []
    for one in met:
        weights = one.get("weights")
        for key, what in (("prompt", "prompt form"), ("instruction", "instruction")):
            if weights and one.get(f"training_{key}") is not None and one[f"training_{key}"] != one[key]:
                found.append(f"{system}: {weights} was trained with another {what} than it is asked with.")
        if weights and one.get("chosen_on_file") == one["test_file"]:
            found.append(f"{system}: the best checkpoint of {weights} was chosen on this very test file.")
    return list(dict.fromkeys(found))


def _datasets(conditions: Conditions) -> tuple[list[str], list[str]]:
    """Do the training rows and the test questions belong to one dataset? (sentences in red, what cannot be known)"""
    strange, unknown = [], []
    for met in conditions.values():
        for one in met:
            taught, asked = one.get("trained_of"), one.get("test_of")
            if not one.get("weights") or taught is None or asked is None or set(taught) & set(asked):
                continue
            if taught and asked:
                strange.append(
                    f"{one['weights']} was trained on the rows of another dataset ({', '.join(taught)}) than that of "
                    f"the test questions ({', '.join(asked)})."
                )
            elif taught or asked:
                what = "test questions are" if taught else f"training rows of {one['weights']} are"
                unknown.append(
                    f"The {what} not of a stored dataset, so nobody can say whether {one['weights']} was trained for "
                    "these questions."
                )
    return list(dict.fromkeys(strange)), list(dict.fromkeys(unknown))


def _indexed(conditions: Conditions) -> tuple[list[str], list[str]]:
    """Do the training rows come from the indexed documents? (sentences in red, what cannot be known)"""
    few, unknown = [], []
    for met in conditions.values():
        for one in met:
            for knowledge, rows in (one.get("indexed") or {}).items():
                if rows is None:
                    unknown.append(
                        f"The training rows of {one['weights']} name no document, so nobody can say whether they come "
                        f"from the documents of {knowledge}."
                    )
                elif rows["indexed"] < ENOUGH * rows["rows"]:
                    few.append(
                        f"Only {rows['indexed']} of {rows['rows']} training rows of {one['weights']} that name a "
                        f"document come from those of {knowledge}: the two methods were not given the same knowledge."
                    )
    return list(dict.fromkeys(few)), list(dict.fromkeys(unknown))


def table(conditions: Conditions) -> list[dict[str, str]]:
    """One row per condition, one column per system: the whole lock for those who want to read it."""
    rows = []
    for key, name in (EQUAL | DESIGNED).items():
        cells = {
            system: " / ".join(dict.fromkeys(_shown(key, one) for one in met if key in one))
            for system, met in conditions.items()
        }
        if any(cells.values()):
            rows.append({"Condition": name, **cells})
    return rows
