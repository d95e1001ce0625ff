"""The search methods under the one name that pages show, and what each does."""

from __future__ import annotations

NAMES = {"fused": "fused", "dense": "dense", "bm25": "BM25"}
METHOD_HELP = "dense compares meanings (vectors), BM25 compares words, fused adds up the ranks of both."


def method_name(method: str) -> str:
    """A method's name on a page."""
    return NAMES[method]
