"""What the page says of a search that was narrowed, and of one that found nothing good."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

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


def test_a_least_score_is_asked_for_in_one_way_on_every_page() -> None:
    def page() -> None:
        import streamlit as st

        from ui import filters

        chosen = [filters.least(kind, kind, f"about {kind}") for kind in filters.LEAST]
        st.text(str(chosen))

    app = AppTest.from_function(page).run()
    fields = {field.key: (field.label, field.min, field.max, field.value, field.help) for field in app.number_input}
    assert fields == {
        "score": ("Least score", 0.0, None, None, "about score"),
        "cosine": ("Least cosine", 0.0, 1.0, None, "about cosine"),
        "bm25": ("Least BM25 score", 0.0, None, None, "about bm25"),
    }
    app.number_input(key="bm25").set_value(12.5).run()
    assert app.text[0].value == "[None, None, 12.5]"
