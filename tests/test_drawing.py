"""Charts of the report: what is larger stands further right, and names are text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from eval.drawing import Bar, intervals


def test_dots_stand_in_the_order_of_their_means_within_their_bars() -> None:
    bars = [Bar("a", 0.2, 0.1, 0.4, "20"), Bar("b", 0.7, 0.6, 0.9, "70"), Bar("c", 1.4, -3.0, 1.5, "off")]
    drawn = ElementTree.fromstring(intervals(bars, (0, 1), (0, 0.5, 1), "%"))  # noqa: S314 - made here
    dots = [float(one.attrib["cx"]) for one in drawn.iter("circle")]
    assert dots == sorted(dots)
    assert len(dots) == 3
    lines = [one.attrib for one in drawn.iter("line") if one.attrib.get("stroke-width")]
    for dot, line in zip(dots, lines, strict=True):
        assert float(line["x1"]) < dot <= float(line["x2"])
    edges = [float(one.attrib["x1"]) for one in drawn.iter("line") if not one.attrib.get("stroke-width")]
    assert float(lines[2]["x1"]) == min(edges), "what lies outside ends at the edge"
    assert float(lines[2]["x2"]) == max(edges)


def test_a_name_is_shown_as_text() -> None:
    drawn = intervals([Bar("<script>'\"", 0.5, 0.4, 0.6, "50 & more")], (0, 1), (0, 1), "%")
    assert "<script>" not in drawn
    words = [one.text for one in ElementTree.fromstring(drawn).iter("text")]  # noqa: S314 - made here
    assert "<script>'\"" in words
    assert "50 & more" in words
    assert not re.search(r"(?:href|src|on\w+)=", drawn)
