"""A web page as Markdown: its main text, without navigation, scripts, and what a browser would not show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from data import dates
from data.encodings import decode
from data.errors import UserError
from data.limits import ReadSettings
from data.parsers import Parsed, as_markdown, counted, first_heading

DEEPEST = 250  # libxml2 drops the text of elements nested more than 256 deep, and says nothing
STYLE = "translate(@style, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\n', 'abcdefghijklmnopqrstuvwxyz')"
HIDDEN = (
    f"//body//*[not(self::script or self::style)]"
    f"[@hidden or contains({STYLE}, 'display:none') or contains({STYLE}, 'visibility:hidden')]"
)
ACTIVE = (
    "count(//script[not(contains(@type, 'json'))] | //iframe | //object | //embed | //@*[starts-with(name(), 'on')])"
)
METAS = ("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.date",
         "dcterms.issued", "article:modified_time")  # fmt: skip
UNSEEN = "//script | //style | //noscript | //template | //head"


def parse(path: Path, settings: ReadSettings) -> Parsed:
    """The main text; a page whose main text is not found is taken whole, with a warning."""
    import trafilatura
    from lxml import html

    content = path.read_bytes()
    declared = re.search(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", content[:2048])
    source, warnings = decode(content, declared.group(1).decode("ascii", "replace") if declared else "")
    tree = html.document_fromstring(source.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    if tree.getroottree().xpath(f"boolean({'/*' * DEEPEST})"):
        what = f"is nested more than {DEEPEST} elements deep, where text gets lost."
        raise UserError(what, "Open it in a browser and save it as text.")
    title = " ".join((tree.findtext(".//title") or "").split())
    day, day_from, undated = _dated(tree)
    warnings = (*warnings, *undated, *_unshown(tree))
    seen = html.tostring(tree, encoding="unicode")
    text = trafilatura.extract(seen, output_format="markdown", include_tables=True, include_comments=False)
    _drop(tree, UNSEEN)
    whole = len(" ".join(tree.text_content().split()))
    if not text:
        text = as_markdown(html.tostring(tree, encoding="unicode"))
        warnings = (*warnings, "low text quality: the main text was not recognised; the whole page was taken")
    elif len(text) < whole / 2:
        share = round(100 * len(text) / whole)
        warnings = (*warnings, f"low text quality: {share} % of the page's text was taken; the rest looked like menus")
    return Parsed((text,), title or first_heading(text), warnings, characters_in=whole, date=day, date_from=day_from)


def _dated(tree: Any) -> tuple[str, str, tuple[str, ...]]:
    """The date that the page gives itself. One of several times on it may be of anything: only a single one counts."""
    told: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        told.setdefault(name.strip().lower(), meta.get("content") or "")
    found = [(f"its meta {name}", told[name]) for name in METAS if name in told]
    times = {time.get("datetime") for time in tree.iter("time") if time.get("datetime")}
    if len(times) == 1:
        found.append(("its element time", times.pop()))
    return dates.first_day(found)


def _unshown(tree: Any) -> list[str]:
    """Warnings about links, scripts and hidden parts; the hidden parts are taken out of the tree."""
    links, active = int(tree.xpath("count(//a[@href])")), int(tree.xpath(ACTIVE))
    hidden = _drop(tree, HIDDEN)
    found = [f"hidden text: {counted(hidden, 'part')} that a browser does not show, left out"] if hidden else []
    if links:
        found.append(f"links ignored: {counted(links, 'link')}, their words are kept")
    if active:
        found.append(f"active content ignored: {counted(active, 'script, frame or handler')}")
    return found


def _drop(tree: Any, where: str) -> int:
    """Take elements out, keep what follows them; how many of them held text."""
    dropped = 0
    for element in tree.xpath(where):
        if element.getparent() is not None:
            dropped += bool(element.text_content().strip())
            element.drop_tree()
    return dropped
