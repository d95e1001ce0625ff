"""What the page says of a search that was narrowed, and of one that found nothing good."""

from __future__ import annotations

from typing import Any

from rag.filters import Filter
from ui.filters import Narrowing, below, told, verdict

LEAST = Narrowing(at_least=0.4)


def found(hits: int, under: int = 0, relevant: bool = True) -> dict[str, Any]:
    return {"hits": [{}] * hits, "below": under, "relevant": relevant}


def test_a_search_without_a_good_passage_says_so_in_words() -> None:
    assert verdict(found(3), LEAST) == ""
    assert verdict(found(0, 50), LEAST) == "Nothing good enough was found: all 50 passages found score less than 0.4."
    assert verdict(found(0, 1), LEAST) == "Nothing good enough was found: the only passage found scores less than 0.4."
    assert verdict(found(0), Narrowing()) == "Nothing was found."
    assert "only the nearest" in verdict(found(3, relevant=False), Narrowing())
    assert below(found(3, 1), LEAST) == "1 of the passages found scores less than 0.4 and is left out."
    assert below(found(3), LEAST) == ""


def test_a_narrowing_is_told_in_words_and_an_empty_one_is_none() -> None:
    assert not Narrowing()
    assert Narrowing(at_least=0.0), "zero is a least score, too"
    chosen = Narrowing(Filter(("a*",), ("x", "y"), "2020-01-01", ""), 0.5)
    assert told(chosen) == "a* · tagged x, y · from 2020-01-01 · score at least 0.5"
