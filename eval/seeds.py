"""Systems that differ only in the seed of their training: how far apart they are, which no interval over questions has.

An interval over questions says what other questions would have given; it holds the one set of weights fixed. Training
again with another seed gives other weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import mean, stdev
from typing import Any

from data.disk import text_hash
from data.store import resolve
from data.workspace import Workspace
from eval.systems import System

METRIC = "exact_match"
Recipe = dict[str, Any]
"""{"recipe": the same for systems that differ only in the seed of their tuned weights, "seed": that seed}"""


def recipes(workspace: Workspace, systems: Sequence[System]) -> dict[str, Recipe]:
    """{system: recipe} for those whose tuned weights say how they were trained."""
    found = {}
    for system in systems:
        manifest = resolve(workspace, "adapters", system.tuned).manifest() if system.tuned else {}
        if "seed" not in manifest.get("settings", {}):
            continue
        settings = {key: value for key, value in manifest["settings"].items() if key != "seed"}
        rest = {key: value for key, value in asdict(system).items() if key not in ("name", "tuned")}
        same = [manifest.get("base"), manifest.get("data"), manifest.get("context"), settings, rest]
        told = text_hash(json.dumps(same, sort_keys=True))[:16]
        found[system.name] = {"recipe": told, "seed": manifest["settings"]["seed"]}
    return found


def spread(known: Mapping[str, Recipe], systems: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per recipe with at least two seeds: its systems, seeds, mean, and standard deviation between seeds."""
    groups: dict[str, list[str]] = {}
    for name, one in known.items():
        if systems.get(name, {}).get(METRIC):
            groups.setdefault(one["recipe"], []).append(name)
    return [_row(names, known, systems) for names in groups.values() if len(_seeds(names, known)) > 1]


def _seeds(names: Sequence[str], known: Mapping[str, Recipe]) -> set[int]:
    return {known[name]["seed"] for name in names}


def _row(names: Sequence[str], known: Mapping[str, Recipe], systems: Mapping[str, Any]) -> dict[str, Any]:
    means = [systems[name][METRIC]["mean"] for name in names]
    half = max((systems[name][METRIC]["high"] - systems[name][METRIC]["low"]) / 2 for name in names)
    told = {
        "systems": list(names), "seeds": [known[name]["seed"] for name in names], "metric": METRIC,
        "mean": round(mean(means), 6), "sd": round(stdev(means), 6), "low": min(means), "high": max(means),
    }  # fmt: skip
    sentence = (
        f"{len(names)} training seeds ({', '.join(names)}): {', '.join(f'{100 * one:.1f}' for one in means)} % exact "
        f"match, mean {100 * mean(means):.1f}, standard deviation between seeds {100 * stdev(means):.1f} points; the "
        f"interval over questions is {100 * half:.1f} points to either side."
    )
    return told | {"sentence": sentence}
