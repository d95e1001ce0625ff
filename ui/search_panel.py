"""The form of a search over learning rate and rank, what it costs, and its launch."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.errors import UserError
from data.store import check_name
from data.workspace import Workspace
from sft.config import RATES, SMALL, TrainConfig
from sft.sought import RANKS, SHARES, rounds, settled
from sft.sources import on_this_machine, parameter_count
from ui import launching
from ui.frame import guarded, link
from ui.watch import active, follow

HELP = "Numbers with spaces between them. Each is tried with each of the others."


def panel(workspace: Workspace, name: str, request: dict[str, Any], leaks: bool) -> None:
    """The form of a search, which itself is shown where a fine-tune is. ``request``, ``leaks``: as for a launch."""
    config, train = TrainConfig(**request["config"]), request["train"]
    with st.expander("Search learning rate and rank", key="search_panel", icon=":material/manage_search:"):
        left, right = st.columns(2)
        rates = left.text_input("Learning rates", _usual(config), key=f"search_rates_{config.method}", help=HELP)
        ranks = right.text_input("Ranks", " ".join(map(str, RANKS)), key="search_ranks", help=HELP,
                                 disabled=config.method not in ("lora", "qlora"))  # fmt: skip
        with guarded():
            asked = _numbers(rates, "Learning rates", float), _pairs_with(config, ranks)
            count = len(settled(config, *asked))
            cost = rounds(count).trainings
            st.caption(f"{count} trials, for the time of about {cost:.1f} whole fine-tunes: all train a part of their "
                       "steps, the best third goes on. Chosen by the validation rows.")  # fmt: skip
            busy = bool(active(workspace, "search"))
            allowed = launching.confirmed(request, "search", leaks)
            if st.button("Start the search", key="search_go", disabled=busy or not (name and train)):
                _order(check_name(name, "tuned model"), request, asked, allowed)
            if not (name and train):
                st.caption("Give it a name above." if train else "Choose training rows; store some on the page Data.")
            if busy:
                st.caption("A search is under way; its trials stand above.")
        if newest := next(iter(jobs.list_runs(workspace, "search")), None):
            link("tune", f"Look at the newest search, {newest.name}", newest.id)


def _usual(config: TrainConfig) -> str:
    """Learning rates around the usual one for this method and base."""
    folder = on_this_machine(config.model)
    small = bool(folder) and parameter_count(folder) < SMALL if folder else False
    return " ".join(f"{share * RATES[config.method, small]:g}" for share in SHARES)


def _pairs_with(config: TrainConfig, ranks: str) -> list[Any]:
    return _numbers(ranks, "Ranks", int) if config.method in ("lora", "qlora") else [config.rank]


def _numbers(text: str, what: str, kind: type) -> list[Any]:
    """The numbers of a field. Raises UserError for one that is none."""
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(kind(word))
        except ValueError as error:
            wanted = "whole numbers" if kind is int else "numbers"
            raise UserError(f"{what} hold {word!r}.", f"Write {wanted} with spaces between them.") from error
    return found


def _order(name: str, request: dict[str, Any], asked: tuple[list[Any], list[Any]], allowed: bool) -> None:
    pairs = {"learning_rates": asked[0], "ranks": asked[1]}
    follow(launching.started({"do": "search", **request, **pairs, "name": name}, allowed, "search"))
