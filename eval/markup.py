"""The pieces of the HTML report: everything a text could hold is escaped, and nothing is fetched from anywhere."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data.unseen import shown
from eval.drawing import Bar, intervals
from eval.figures import ahead_first, cell
from eval.statistics import FEW_GROUPS

STYLE = """
:root{color-scheme:light dark;--line:#8886;--red:#c62828;--green:#2e7d32}
@media(prefers-color-scheme:dark){:root{--red:#ff8a80;--green:#81c995}}
body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}
h1{line-height:1.2}h2{margin:2.5rem 0 .5rem}h3{margin:1.5rem 0 .25rem}
.verdict{font-size:1.25rem;font-weight:600}.note{opacity:.75;font-size:.9rem}
.red{color:var(--red);font-weight:600}.wrong{color:var(--red)}.right{color:var(--green)}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.3rem .7rem .3rem 0;text-align:left;vertical-align:top}
td.n{white-space:nowrap}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
svg{max-width:55rem}
details{border-bottom:1px solid var(--line);padding:.4rem 0}summary{cursor:pointer}
nav a{margin-right:1rem}
@media print{:root{color-scheme:light}body{max-width:none;margin:0;font-size:10pt}nav{display:none}
.wide{overflow:visible}td.n{white-space:normal}table,svg{page-break-inside:avoid}}
"""


def document(title: str, body: Iterable[str]) -> str:
    """A whole file. Its policy forbids the browser to load or run anything, whatever the texts hold."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        f"<meta charset='utf-8'><meta http-equiv='Content-Security-Policy' content=\"{policy}\">"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{safe(title)}</title><style>{STYLE}</style>"
    )
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(body)}</body></html>"


def safe(value: Any) -> str:
    """Text as text: escaped, and what would turn it around or cannot be seen as a mark."""
    return html.escape(shown(str(value)))


def paragraph(text: str, kind: str = "") -> str:
    """Text as a paragraph of a kind of STYLE; nothing for none."""
    return f"<p class='{kind}'>{safe(text)}</p>" if text else ""


def listed(sentences: Iterable[str]) -> str:
    """A list, or nothing where there is nothing to say."""
    items = "".join(f"<li>{safe(line)}</li>" for line in sentences)
    return f"<ul>{items}</ul>" if items else ""


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a table; nothing where no system has a figure."""
    if not rows or set(rows[0]) <= {"System", "n"}:
        return ""
    top = "".join(f"<th>{safe(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td class='n'>{safe(c)}</td>" for c in row.values()) + "</tr>" for row in rows)
    return f"<div class='wide'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def section(title: str, *parts: str) -> str:
    """A section under its heading; nothing where all its parts are empty."""
    body = "".join(parts)
    return f"<h2 id='{safe(title.replace(' ', '-').lower())}'>{safe(title)}</h2>{body}" if body else ""


def means(rows: Mapping[str, Mapping[str, Any] | None]) -> str:
    """One dot with its interval per system, from 0 to 100 %; nothing where none has an interval."""
    bars = [
        Bar(name, one["mean"], one["low"], one["high"], f"{cell(one)}, n {one['n']}")
        for name, one in rows.items() if one and one["low"] is not None
    ]  # fmt: skip
    scaled = [Bar(b.name, 100 * b.mean, 100 * b.low, 100 * b.high, b.said) for b in bars]
    return intervals(scaled, (0, 100), (0, 20, 40, 60, 80, 100), "%") if scaled else ""


def differences(pairs: Sequence[Mapping[str, Any]]) -> str:
    """One dot with its interval per pair of systems, in points; whether it is sure stands beside it."""
    bars = [
        Bar(f"{p['first']} − {p['second']}", 100 * p["mean"], 100 * p["low"], 100 * p["high"], f"{cell(p)} {_sure(p)}")
        for p in map(ahead_first, pairs) if p["low"] is not None
    ]  # fmt: skip
    reach = next((end for end in (10, 20, 40, 60, 80, 100) if all(-end <= b.low and b.high <= end for b in bars)), 100)
    return intervals(bars, (-reach, reach), (-reach, -reach / 2, 0, reach / 2, reach), "points") if bars else ""


def _sure(pair: Mapping[str, Any]) -> str:
    if pair["groups"] < FEW_GROUPS:
        return "few groups"
    return "clear" if pair.get("sign") else "cannot tell"
