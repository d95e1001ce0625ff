"""The systems of a comparison: rows that say which weights, and which context. Made from flags, saved in the order.

The corners of the square are base, sft, rag and sft+rag; "gold" (the gold passage handed over) is the ceiling of any
retriever and "floor" (the best sentence of the top passage, no language model) the least a reader must beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from data.denied import short
from data.errors import UserError
from data.options import reader
from data.store import NUMBER, resolve
from data.workspace import Workspace
from rag.settings import METHODS, Tuned
from rag.settings import tuned as tuned_search
from rag.whole_set import searched_exactly

CORNERS = ("base", "sft", "rag", "sft+rag", "gold", "floor")
CONTEXTS = ("none", "retrieved", "gold")
K, METHOD = 4, "fused"  # where neither the user nor the knowledge base says otherwise


@dataclass(frozen=True)
class System:
    """One row of a comparison. ``tuned`` and ``knowledge`` are exact references ("name@2"); ``floor`` uses no model.

    ``k`` 0 and ``method`` "" stand for the knowledge base's own settings until ``settle`` puts them in.
    ``at_least`` leaves out passages that score less (see rag.retrieve); None keeps the ``k`` best, however far.
    """

    name: str
    model: str
    tuned: str | None = None
    context: str = "none"
    knowledge: str | None = None
    k: int = 0
    method: str = ""
    floor: bool = False
    at_least: float | None = None


@dataclass(frozen=True)
class Parts:
    """What the flags name: the base model, the tuned weights, the knowledge base, and how many passages to fetch.

    ``k`` 0 and ``method`` "" leave the choice to the knowledge base.
    """

    model: str = "pocket"
    tuned: str | None = None
    knowledge: str | None = None
    k: int = 0
    method: str = ""


def place_of(system: dict[str, Any]) -> str:
    """The corner or control that a system's description amounts to."""
    if system["floor"]:
        return "floor"
    if system["context"] == "gold":
        return "gold"
    weights = "sft" if system["tuned"] else "base"
    return {"base": "rag", "sft": "sft+rag"}[weights] if system["context"] == "retrieved" else weights


def places(systems: list[dict[str, Any]]) -> dict[str, str]:
    """{corner or control: name of the first system that stands there}; a gold row on base weights comes first."""
    found: dict[str, str] = {}
    for system in sorted(systems, key=lambda s: bool(s["tuned"])):
        found.setdefault(place_of(system), system["name"])
    return found


def corner(name: str, parts: Parts) -> System:
    """One of the six standard systems. Raises UserError when a part it needs was not named."""
    tuned = parts.tuned if name in ("sft", "sft+rag") else None
    fetched = parts.knowledge if name in ("rag", "sft+rag", "floor") else None
    if name in ("sft", "sft+rag") and not tuned:
        raise UserError(f"System {name!r} needs tuned weights.", "Name them with --tuned, or leave the system out.")
    if name in ("rag", "sft+rag", "floor") and not fetched:
        raise UserError(
            f"System {name!r} needs a knowledge base.", "Name it with --knowledge, or leave the system out."
        )
    if name not in CORNERS:
        raise UserError(
            f"There is no system {name!r}.", f"Systems: {', '.join(CORNERS)}; or describe one with --system."
        )
    context = "retrieved" if fetched else "gold" if name == "gold" else "none"
    return System(name, parts.model, tuned, context, fetched, parts.k, parts.method, floor=name == "floor")


def possible(parts: Parts, gold: bool) -> list[str]:
    """The standard systems that these parts allow; ``gold`` says whether any test row knows its gold passage."""
    needs = {"sft": parts.tuned, "rag": parts.knowledge, "floor": parts.knowledge, "gold": gold}
    needs["sft+rag"] = parts.tuned and parts.knowledge
    return [name for name in CORNERS if needs.get(name, True)]


def parse(text: str, parts: Parts) -> System:
    """A row described as "name=...,tuned=...,knowledge=K@3,k=8"; what it leaves out comes from the flags."""
    values: dict[str, Any] = {}
    for pair in text.split(","):
        key, equals, value = (piece.strip() for piece in pair.partition("="))
        if not equals or key not in {field.name for field in fields(System)}:
            raise UserError(
                f"--system {text!r}: {pair!r} is not understood.",
                "Write name=...,model=...,tuned=...,knowledge=...,k=...,method=...,at_least=...,"
                "context=none|retrieved|gold.",
            )
        values[key] = value
    if not values.get("name"):
        raise UserError(f"--system {text!r} has no name.", "Begin with name=...")
    if not NUMBER.fullmatch(str(values.get("k", "1"))) or int(values.get("k", "1")) < 1:
        raise UserError(f"--system {short(text)!r}: k is {short(values['k'])!r}.", "It must be a whole number from 1.")
    values["k"] = int(values.get("k", parts.k))
    if "at_least" in values:
        values["at_least"] = _number(values["at_least"], "at_least of --system")
    values["floor"] = values.get("floor", "") in ("true", "1", "yes")
    values.setdefault("model", parts.model)
    values.setdefault("method", parts.method)
    values.setdefault("context", "retrieved" if values.get("knowledge") else "none")
    return System(**values)


def _number(text: str, what: str) -> float:
    return float(reader(float, what)(text))


def settle(workspace: Workspace, systems: Sequence[System]) -> list[System]:
    """The systems with every reference made exact; UserError for unknown names, bad values and a name used twice."""
    settled: list[System] = []
    for system in systems:
        if system.name in {other.name for other in settled}:
            raise UserError(f"Two systems are named {system.name!r}.", "Give each its own name.")
        knowledge = resolve(workspace, "knowledge", system.knowledge) if system.knowledge else None
        k, method, _ = searched(knowledge.manifest() if knowledge else {})
        system = replace(system, k=system.k or k, method=system.method or method)
        if system.context not in CONTEXTS or system.method not in METHODS:
            fix = f"context is one of {', '.join(CONTEXTS)}; method one of {', '.join(METHODS)}."
            raise UserError(f"System {system.name!r}: {system.context!r} or {system.method!r} is not known.", fix)
        if system.context == "retrieved" and not system.knowledge:
            raise UserError(f"System {system.name!r} retrieves from nothing.", "Name its knowledge base.")
        tuned = resolve(workspace, "adapters", system.tuned).ref if system.tuned else None
        settled.append(replace(system, tuned=tuned, knowledge=knowledge.ref if knowledge else None))
    if not settled:
        raise UserError("No system was named.", "Name some with --systems.")
    return settled


def searched(manifest: dict[str, Any]) -> tuple[int, str, str]:
    """(k, method, why) that a version of a knowledge base is searched with unless the user says otherwise.

    ``manifest`` may be empty: no knowledge base. ``why`` is "" where it has no settings of its own.
    """
    return defaults(tuned_search(manifest))


def defaults(own: Tuned | None) -> tuple[int, str, str]:
    """The same, from a version's own search settings (None: it has none)."""
    return (own.k, own.method, own.why()) if own else (K, METHOD, "")


def flags(workspace: Workspace, system: System, questions: int) -> list[str]:
    """What a reader must know beside this row's scores on so many questions: how it was searched, and for what the
    tuned weights were never trained."""
    found = []
    if system.knowledge and system.method != "bm25":
        manifest = resolve(workspace, "knowledge", system.knowledge).manifest()
        exactly = searched_exactly(manifest, questions)
        found += [f"{system.knowledge}: {exactly}"] if exactly else []
    return found + (_untrained(workspace, system) if system.tuned else [])


def _untrained(workspace: Workspace, system: System) -> list[str]:
    artifact = resolve(workspace, "adapters", str(system.tuned))
    found, context = [], artifact.manifest().get("context")
    if system.context == "retrieved" and system.k > 1 and context in ("gold", "mixed"):
        found.append(f"{system.tuned} was trained with one passage, the right one, and is asked with {system.k} here")
    if system.context != "none" and context == "none":
        found.append(f"{system.tuned} was trained without passages (context none) and is asked with them here")
    if not (artifact.path / "questions.json").exists():
        found.append(f"the training questions of {system.tuned} are not known, so leakage could not be checked")
    return found
