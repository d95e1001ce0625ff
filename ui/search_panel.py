"""A search over learning rate and rank: order it, watch it, and see what every trial came to."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.errors import UserError
from data.store import check_name
from data.workspace import Workspace
from sft.config import RATES, SMALL, TrainConfig
from sft.sought import RANKS, SHARES, rounds, rows, settled, standing
from sft.sources import on_this_machine, parameter_count
from ui import launching, tables
from ui.frame import guarded, link, plain
from ui.watch import watch

HELP = "Numbers with spaces between them. Each is tried with each of the others."


def panel(workspace: Workspace, name: str, request: dict[str, Any], leaks: bool) -> None:
    """The form of a search, and the newest one with its table and curves. ``request``, ``leaks``: as for a launch."""
    config, train = TrainConfig(**request["config"]), request["train"]
    with st.expander("Search learning rate and rank", key="search_panel", icon=":material/manage_search:"):
        run = next(iter(jobs.list_runs(workspace, "search")), None)
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
            busy = run is not None and not run.ended
            allowed = launching.confirmed(request, "search", leaks)
            if st.button("Start the search", key="search_go", disabled=busy or not (name and train)):
                _order(check_name(name, "tuned model"), request, asked, allowed)
            if not (name and train):
                st.caption("Give it a name above." if train else "Choose training rows; store some on the page Data.")
        if run:
            _shown(workspace, run)


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
    launching.started({"do": "search", **request, **pairs, "name": name}, allowed, "search")
    st.rerun()


def _shown(workspace: Workspace, run: jobs.Run) -> None:
    """The newest search: its state, its trials, and their curves."""
    watch(workspace, run)
    summary = run.status.get("summary") or {}
    if summary.get("reason"):
        st.success(plain(f"{summary['name']}: {summary['reason']}."), icon=":material/check:")
        link("compare", "Compare it with the others")
    trials = standing(run.folder)
    found = summary.get("rows_of_search") or rows(list(trials.values()))
    if not found:
        st.caption("The first trial appears here when its first round is over.")
        return
    tables.show(
        [
            {"Trial": number + 1, "Learning rate": f"{row['learning_rate']:g}", "Rank": row["rank"],
             "Steps": f"{row['steps']} of {row['planned']}", "Validation loss": row["validation_loss"],
             _metric(summary): _interval(row), "Best at step": row["best_step"], "Outcome": row["outcome"]}
            for number, row in enumerate(found)
        ],
        f"search_{run.id}", "Trials of the search",
    )  # fmt: skip
    points = [{"step": point["step"], "loss": point["eval_loss"], "trial": f"{place + 1}: {trial.words}"}
              for place, trial in trials.items() for point in trial.curve if "eval_loss" in point]  # fmt: skip
    _curves(points, f"search_curves_{run.id}")


def _metric(summary: dict[str, Any]) -> str:
    """The metric's name with its n, once the search has told them."""
    name = summary.get("metric")
    return f"{name.replace('_', ' ').capitalize()} (n = {summary['metric_n']})" if name else "Task metric"


def _interval(row: dict[str, Any]) -> str | None:
    if row["metric"] is None:
        return None
    return f"{row['metric']:.3f} ({row['metric_low']:.2f} to {row['metric_high']:.2f})"


def _curves(points: list[dict[str, Any]], key: str) -> None:
    """The validation loss of every trial by step."""
    spec = {
        "data": {"values": points}, "height": 280, "mark": {"type": "line", "point": {"size": 40}},
        "encoding": {
            "x": {"field": "step", "type": "quantitative", "title": "Training step", "axis": {"tickMinStep": 1}},
            "y": {"field": "loss", "type": "quantitative", "title": "Validation loss (lower is better)",
                  "scale": {"zero": False}},
            "color": {"field": "trial", "type": "nominal", "title": None,
                      "legend": {"orient": "right", "labelLimit": 260}},
            "tooltip": [{"field": "trial", "title": "Trial"}, {"field": "step", "title": "Step"},
                        {"field": "loss", "title": "Validation loss", "format": ".4f"}],
        },
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt="Validation loss of every trial by step")
