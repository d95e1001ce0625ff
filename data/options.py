"""One dataclass field gives the command-line flag, the form's default and help, and the saved value."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from data.denied import short
from data.errors import UserError

Config = TypeVar("Config")
LARGEST = 2**31 - 1  # numbers beyond are slips: nothing here counts so far


def option(
    default: Any,
    help: str,  # noqa: A002 - the argparse word for it
    *,
    choices: tuple[Any, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """A dataclass field with its help text, its allowed values, and (for numbers) its inclusive limits."""
    metadata = {"help": help, "choices": choices, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=metadata)


def kind_of(config: type, name: str) -> type:
    """The plain type (int, float, str, bool) of a field, also when it is optional."""
    hint = get_type_hints(config)[name]
    return next((kind for kind in get_args(hint) if kind is not type(None)), hint)


def add_arguments(parser: argparse.ArgumentParser, config: type) -> None:
    """One ``--flag`` per option of the dataclass."""
    for field in dataclasses.fields(config):
        if "help" not in field.metadata:
            continue
        kind = kind_of(config, field.name)
        shown = "" if field.default is None else f" (default: {field.default})"
        flag = "--" + field.name.replace("_", "-")
        if kind is bool:
            parser.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=field.default, help=field.metadata["help"]
            )
        else:
            parser.add_argument(
                flag, type=reader(kind, field.name), default=field.default, choices=field.metadata["choices"],
                help=field.metadata["help"].replace("%", "%%") + shown,
            )  # fmt: skip


def reader(kind: type, name: str) -> Callable[[str], Any]:
    """Reads a flag's text as ``kind``; a text that is none is one sentence, not a page of usage."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
            if kind in (int, float) and not abs(value) <= LARGEST:  # also what is no number at all
                raise ValueError
        except ValueError as error:
            wanted = "a whole number" if kind is int else "a number"
            fix = f"It must be {wanted}, and none beyond {LARGEST:,}."
            raise UserError(f"{name.replace('_', ' ')} is {short(text)!r}.", fix) from error
        return value

    return read


whole, number = reader(int, "A number"), reader(float, "A number")


def path(text: str) -> Path:
    """Reads a flag's text as a path. Raises UserError for none: it would mean the folder one stands in."""
    if not text.strip():
        raise UserError("A file or folder was named by an empty text.", "Give its path; . is the folder you are in.")
    return Path(text)


def from_arguments(arguments: argparse.Namespace, config: type[Config]) -> Config:
    """The checked config that the parsed flags describe."""
    names = [field.name for field in dataclasses.fields(config)]  # type: ignore[arg-type]
    return checked(config(**{name: getattr(arguments, name) for name in names if hasattr(arguments, name)}))


def from_saved(values: dict[str, Any], config: type[Config]) -> Config:
    """The config of a saved order; unknown keys of other versions are refused."""
    known = {field.name for field in dataclasses.fields(config)}  # type: ignore[arg-type]
    if unknown := set(values) - known:
        raise UserError(f"Unknown setting {sorted(unknown)[0]!r}.", "It was written by another version of Crossover.")
    return checked(config(**values))


def checked(config: Config) -> Config:
    """The config itself, or a UserError naming the first value outside its limits."""
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        value, rule = getattr(config, field.name), field.metadata
        if value is None or "help" not in rule:
            continue
        name = field.name.replace("_", " ")
        if value == "" and field.default:
            raise UserError(f"{name} is empty.", f"Name one; without it, it is {field.default}.")
        if rule["choices"] and value not in rule["choices"]:
            raise UserError(f"{name} is {value!r}.", f"Choose one of: {', '.join(map(str, rule['choices']))}.")
        low, high = rule["low"], rule["high"]
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            limits = f"at least {low}" if high is None else f"from {low} to {high}"
            raise UserError(f"{name} is {value}.", f"It must be {limits}.")
    return config
