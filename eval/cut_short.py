"""Tuned models of a comparison whose training was cut short: their scores are no finished fine-tune's."""

from __future__ import annotations

from collections.abc import Iterable

from data.errors import UserError
from data.store import resolve
from data.workspace import Workspace
from sft.adapters import unfinished


def known(workspace: Workspace, references: Iterable[str | None]) -> dict[str, str]:
    """{exact reference: "stopped at step 9 of 240"} for those models that are there and were cut short.

    None stands for no model. One that was deleted since, or is damaged (the page Fine-tune names it), says nothing.
    """
    found = {}
    for ref in sorted({one for one in references if one}):
        try:
            how = unfinished(resolve(workspace, "adapters", ref).manifest())
        except UserError:
            continue
        if how:
            found[ref] = how
    return found
