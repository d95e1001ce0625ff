"""Forms out of a config dataclass: one option gives the field's label, default, limits and help."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from data.options import kind_of


def fields(config: type, wanted: tuple[str, ...], key: str) -> dict[str, Any]:
    """Draw the named options of a dataclass; returns {name: value}. An empty field leaves the choice to the program."""
    known = {field.name: field for field in dataclasses.fields(config)}
    return {name: _field(config, known[name], f"{key}_{name}") for name in wanted}


def rest(config: type, *drawn: tuple[str, ...]) -> tuple[str, ...]:
    """The options that are not among the ones drawn already."""
    taken = {name for names in drawn for name in names}
    return tuple(f.name for f in dataclasses.fields(config) if "help" in f.metadata and f.name not in taken)


def _field(config: type, field: dataclasses.Field[Any], key: str) -> Any:
    kind, rule = kind_of(config, field.name), field.metadata
    label, text = _label(field.name), rule["help"].capitalize()
    if rule["choices"]:
        return st.segmented_control(label, rule["choices"], default=field.default, key=key, help=text, required=True)
    if kind is bool:
        return st.checkbox(label, value=field.default, key=key, help=text)
    if kind is str:
        return st.text_input(label, value=field.default, key=key, help=text)
    # no limits here: a value beyond them is refused in a sentence, where the field would silently keep the old one
    text += f" From {rule['low']:g} to {rule['high']:g}." if rule["high"] is not None else ""
    shown = {"step": 1} if kind is int else {"step": 0.5 if (rule["high"] or 0) > 1 else 1e-4, "format": "%g"}
    waiting = "chosen for you" if field.default is None else None
    return st.number_input(label, value=field.default, key=key, help=text, placeholder=waiting, **shown)


def _label(name: str) -> str:
    """A field's name for people; what has a proper name keeps it."""
    return {"rslora": "rsLoRA", "dora": "DoRA"}.get(name, name.replace("_", " ").capitalize())
