"""The search methods under the one name that pages show, and what each does."""

from __future__ import annotations

from rag.settings import METHOD_NAMES

METHOD_HELP = "dense compares meanings (vectors), BM25 compares words, fused adds up the ranks of both."


def method_name(method: str) -> str:
    """A method's name on a page."""
    return METHOD_NAMES[method]
