"""What a tuning found: the held-out comparison first, one click to keep it, and every setting of the choosing half."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from data.jobs import Run
from data.workspace import Workspace
from eval import grid
from eval.choice import PARTS, SURE, Setting
from eval.figures import cell
from eval.measured import left_out
from eval.retrieval import MEASURES, WORDS
from rag.settings import METHODS
from ui.frame import guarded, plain, when
from ui.methods import method_name
from ui.watch import active, launch


def result(workspace: Workspace, run: Run, now: Setting) -> None:
    """Everything a finished tuning says; ``now`` are the settings in use."""
    told = grid.result(run)
    chosen, held, half = Setting(*(told["chosen"][part] for part in PARTS)), told["held_out"], told["reported_on"]
    st.markdown(f"#### {plain(held['sentences'][0])}")
    for sentence in [*held["sentences"][1:], *left_out(told["left_out"])]:
        st.markdown(plain(sentence))
    st.dataframe(
        _held_out(held), hide_index=True, key="grid_held_out", alt="Chosen settings and settings in use, held out"
    )
    st.caption(plain(
        f"On the {half['n']} questions of the half that did not choose, in {half['groups']} independent groups, with "
        f"95 % intervals. Unit: {told['unit']} ({told['unit_why']}). Measured on {run.order['config']['knowledge']}, "
        f"{when(run.order['created'])}."
    ))  # fmt: skip
    for note in told.get("notes", ()):  # tunings from before there were notes have none
        st.caption(plain(note))
    _adopt(workspace, run, chosen, now, told["why"])
    _every(told)


def _held_out(held: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per setting and measure, so that the two columns fit any width."""
    columns = {"chosen": held["chosen"], "in use when measured": held["current"]}
    rows = [{"": words, **{head: str(value(row)) for head, row in columns.items()}} for words, value in _settings()]
    return [*rows, *({"": f"{WORDS[one]}, %", **{head: cell(row[one]) for head, row in columns.items()}}
                     for one in MEASURES)]  # fmt: skip


def _settings() -> list[tuple[str, Callable[[dict[str, Any]], Any]]]:
    return [
        ("Passage size, in tokens", lambda row: row["chunk_tokens"]),
        ("Overlap, in tokens", lambda row: row["overlap_tokens"]),
        ("Method", lambda row: method_name(row["method"])), ("Passages in the prompt", lambda row: row["k"]),
        ("Tokens they take", lambda row: round(row["tokens"])),
    ]  # fmt: skip


def _row(what: str, row: dict[str, Any], first: str) -> dict[str, Any]:
    """One setting of many; the measure that chooses stands ``first``, and intervals are whole points, to fit."""
    measures = sorted(MEASURES, key=lambda one: one != first)
    return {
        "Setting": what, "Size": row["chunk_tokens"], "Overlap": row["overlap_tokens"],
        "Method": method_name(row["method"]), "Passages": row["k"], "Tokens": round(row["tokens"]),
        **{f"{WORDS[one]}, %": _short(row[one]) for one in measures},
    }  # fmt: skip


def _short(value: dict[str, Any]) -> str:
    return f"{100 * value['mean']:.1f} ({100 * value['low']:.0f} to {100 * value['high']:.0f})"


def _adopt(workspace: Workspace, run: Run, chosen: Setting, now: Setting, why: str) -> None:
    st.markdown(f"**Chosen:** {plain(chosen.words())}; {plain(why)}.")
    if chosen == now:
        st.caption("These settings are in use.")
        return
    busy = any(one.name == run.name for one in active(workspace, "build"))
    difference = grid.result(run)["held_out"]["differences"][grid.result(run)["criterion"]]
    better = difference["low"] > 0 and difference["p"] is not None and difference["p"] < SURE
    kind: Literal["primary", "secondary"] = "primary" if better else "secondary"  # a draw is no call to act
    if not better:
        st.caption("Nothing measured here says that they find more: the settings in use may as well stay.")
    if st.button("Make these its own settings", type=kind, key="grid_adopt", disabled=busy,
                 icon=":material/check:", help="Publishes a new version, cut and searched like this. You can go back.",
                 ):  # fmt: skip
        with guarded():
            launch(workspace, grid.adopt(workspace, run))


def _every(told: dict[str, Any]) -> None:
    measure, half = told["criterion"], told["chosen_on"]
    st.markdown(f"**The half that chose:** {WORDS[measure]} in % by passage size / overlap and number of passages")
    _heat(told["rows"], measure)
    st.caption(
        f"★ chosen, ● in use when measured. Means over {half['n']} questions in {half['groups']} independent groups; "
        "intervals stand in the table below. These figures flatter what was chosen on them, and finding "
        "more grows with the number of passages by itself."
    )
    with st.expander("Every setting, with intervals", key="grid_every"):
        best = sorted(told["rows"], key=lambda row: (-row[measure]["mean"], row["tokens"]))
        rows = [_row(_mark(row, "chosen", "in use"), row, measure) for row in best]
        st.dataframe(rows, hide_index=True, key="grid_rows", alt="Every setting on the half that chose")


def _mark(row: dict[str, Any], chosen: str, used: str) -> str:
    return " ".join(word for word, key in ((chosen, "chosen"), (used, "current")) if row[key])


def _heat(rows: list[dict[str, Any]], measure: str) -> None:
    """One small table per method, side by side where there is room; darker is better, every cell says its number."""
    values = [100 * row[measure]["mean"] for row in rows]
    with st.container(horizontal=True, key="grid_heat"):
        for method in METHODS:
            if of_it := [row for row in rows if row["method"] == method]:
                spec = _table(method_name(method), of_it, measure, (min(values), max(values)))
                words = f"{WORDS[measure]} of every setting, {method_name(method)}"
                st.vega_lite_chart(spec, key=f"grid_heat_{method}", width="content", alt=words)


def _table(title: str, rows: list[dict[str, Any]], measure: str, limits: tuple[float, float]) -> dict[str, Any]:
    """The drawing of one method's settings, shaded within ``limits``, the least and the greatest value of all."""
    values = [
        {"k": row["k"], "cut": f"{row['chunk_tokens']} / {row['overlap_tokens']}",
         "value": 100 * row[measure]["mean"], "order": row["chunk_tokens"] * 1000 + row["overlap_tokens"],
         "text": f"{100 * row[measure]['mean']:.0f} {_mark(row, '★', '●')}".strip(), "tokens": round(row["tokens"]),
         "interval": cell(row[measure])}
        for row in rows
    ]  # fmt: skip
    low, high = limits
    named = {"cut": "Size / overlap", "k": "Passages", "interval": f"{WORDS[measure]}, %", "tokens": "Tokens"}
    tips = [{"field": field, "type": "nominal", "title": words} for field, words in named.items()]
    shade = {"field": "value", "type": "quantitative", "legend": None,
             "scale": {"domain": [low - (high - low or 1) * 0.3, high], "scheme": "blues"}}  # fmt: skip
    ink = {"condition": {"test": f"datum.value >= {low + 0.55 * (high - low)}", "value": "white"}, "value": "#102a43"}
    across = {"field": "k", "type": "ordinal", "title": "Passages in the prompt", "axis": {"labelAngle": 0}}
    down = {"field": "cut", "type": "nominal", "title": None, "sort": {"field": "order"}}
    return {
        "data": {"values": values}, "title": {"text": title, "anchor": "middle", "fontSize": 14},
        "width": {"step": 50}, "height": {"step": 34}, "encoding": {"x": across, "y": down, "tooltip": tips},
        "layer": [{"mark": {"type": "rect", "cornerRadius": 3}, "encoding": {"color": shade}},
                  {"mark": {"type": "text", "fontSize": 13},
                   "encoding": {"text": {"field": "text", "type": "nominal"}, "color": ink}}],
    }  # fmt: skip
