"""How every verb of ``python -m rag`` names its knowledge base: ``--name NAME``, some of them also NAME@VERSION."""

from __future__ import annotations

import argparse

from data.denied import short
from data.errors import UserError


def add_name(parser: argparse.ArgumentParser, version: bool) -> None:
    """Give a verb its ``--name``; ``version``: whether it may mean one version and not only the knowledge base."""
    if version:
        parser.add_argument("--name", required=True, metavar="NAME[@VERSION]",
                            help="the knowledge base; without a version the one in use is meant")  # fmt: skip
    else:
        parser.add_argument("--name", required=True, type=_unversioned, metavar="NAME", help="the knowledge base")


def _unversioned(text: str) -> str:
    """A name without a version: what is meant for a whole knowledge base must not seem to be about one of them."""
    name, at, _ = text.partition("@")
    if at:
        raise UserError(f"{short(text)!r} names a version; this is about all of {short(name)!r}.", "Leave the @ out.")
    return text
