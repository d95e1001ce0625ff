"""What a name means as a base model, in words: on this machine, else (only if allowed) on the hub."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from data.errors import UserError
from data.prompts import BUNDLED
from data.workspace import given_path
from sft.catalogue import Facts, facts, unreadable
from sft.hub import look
from sft.refusals import config_of, refusal
from sft.sources import ModelSource, cached, found, hub_name


def here(model: str) -> ModelSource | None:
    """Where the model lies on this machine; None for a hub model that is not here.

    Raises UserError for a folder that is nowhere.
    """
    if not model.strip() or model == BUNDLED or given_path(model).is_dir() or not hub_name(model):
        return found(model)
    return cached(model)


def said_of(model: str, ask_hub: bool) -> dict[str, Any]:
    """{exact, here, why, line, bytes, facts, to_ask}: ``why`` it cannot be used is empty when it can.

    ``bytes`` is what would be downloaded, ``to_ask`` the memory that asking it takes. Raises UserError as ``here`` and
    ``sft.hub.look`` do, and for a model that is not here when the hub may not be asked.
    """
    source = here(model)
    if source is None:
        if not ask_hub:
            raise UserError(f"Model {model!r} is not on this machine.", "Look it up on the hub first.")
        offer = look(model)
        return _said(offer.exact, False, offer.facts) | {"bytes": offer.bytes}
    why = refusal(source.path) or unreadable(config_of(source.path))
    return _said(source.exact, True, None if why else facts(source), why)


def _said(exact: str, is_here: bool, known: Facts | None, why: str = "") -> dict[str, Any]:
    return {
        "exact": exact, "here": is_here, "why": why, "bytes": 0, "line": known.line() if known else "",
        "facts": asdict(known) if known else None, "to_ask": known.to_ask if known else 0,
    }  # fmt: skip
