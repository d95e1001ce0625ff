"""Order a fine-tune: what both doors do before the child process starts. Imports no heavy library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from data.jobs import Run, order
from data.leakage import refuse_unless_allowed
from data.nearness import Embed
from data.options import checked
from data.workspace import Workspace
from sft.config import TrainConfig
from sft.inputs import inputs, read
from sft.leaks import audits
from sft.naming import free_name
from sft.sought import settled
from sft.sources import on_this_machine
from sft.sources import resolve as resolve_model
from sft.targets import check_method, check_targets


def order_training(
    workspace: Workspace, name: str, config: TrainConfig, train: str, validation: str | None = None,
    allow_leakage: bool = False, test: str | None = None, mapping: dict[str, str] | None = None,
    embed: Embed | None = None, search: dict[str, Any] | None = None,
) -> Run:  # fmt: skip
    """Write the order of a fine-tune named ``name``. Not started yet: see ``data.jobs.start``.

    ``train`` and ``validation``: a file, or a stored dataset's name; ``mapping``: see ``sft.inputs.inputs``.
    Raises UserError for a bad name, base, setting or file, and LeakageFound when questions of ``test``, or of any test
    set in the workspace, stand in the training rows. ``embed``: see ``data.leakage.audit``.
    """
    free_name(workspace, name)
    source = resolve_model(checked(config).model)
    check_settings(config)
    given = inputs(workspace, train, validation, mapping)
    reading = {which: read(workspace, one, which) for which, one in given.items()}  # what cannot be read is said now
    leaks = audits(workspace, reading["train"].examples, train, test, embed)
    refuse_unless_allowed(leaks, allow_leakage)
    given["leakage"] = [one.saved() for one in leaks]
    if search:
        given["search"] = search
    config = replace(config, model=source.exact)  # a later run then means the same weights
    return order(workspace, "search" if search else "train", name, asdict(config), given)


def order_estimate(
    workspace: Workspace, name: str, config: TrainConfig, train: str, validation: str | None = None,
    mapping: dict[str, str] | None = None,
) -> Run:  # fmt: skip
    """Write the order of an estimate: what a fine-tune of these rows with these settings would take."""
    free_name(workspace, name)
    given = inputs(workspace, train, validation, mapping)
    return order(workspace, "estimate", name, asdict(check_settings(config)), given)


def order_search(
    workspace: Workspace, name: str, config: TrainConfig, train: str, validation: str | None,
    learning_rates: Sequence[float], ranks: Sequence[int], allow_leakage: bool = False, **more: Any,
) -> Run:  # fmt: skip
    """Write the order of a search over settings, whose best trial becomes the tuned model ``name``. Not started yet.

    Raises what ``order_training`` does, and UserError for pairs that cannot be searched (see ``sft.sought.settled``).
    """
    settled(check_settings(config), learning_rates, ranks)
    asked = {"learning_rates": list(learning_rates), "ranks": list(ranks)}
    return order_training(workspace, name, config, train, validation, allow_leakage, search=asked, **more)


def check_settings(config: TrainConfig) -> TrainConfig:
    """The config itself, or a UserError for the first setting that is out of its limits or that its base cannot follow.

    The modules of a base that is not on this machine yet are looked at once it is.
    """
    check_method(checked(config))
    if folder := on_this_machine(config.model):
        check_targets(config.targets, folder)
    return config
