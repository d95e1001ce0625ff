"""The demo's figures worked out again from its raw files by a plain script that shares no code with the evaluator."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from eval.figures import cell

RUN = next((Path(__file__).resolve().parents[1] / "data" / "demo" / "workspace" / "runs").glob("*-bench-demo"))


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (RUN / name).read_text(encoding="utf-8").split("\n") if line]


ASKED = {row["id"]: row for row in lines("examples.jsonl")}
GIVEN: dict[str, dict[str, dict]] = {}
for one in lines("answers.jsonl"):
    GIVEN.setdefault(one["system"], {})[one["example"]] = one
SCORES = json.loads((RUN / "scores.json").read_text(encoding="utf-8"))


def bare(text: str) -> str:
    text = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return re.sub(r"\s+", " ", re.sub(r"\b(a|an|the)\b", " ", text)).strip()


def f1(given: str, wanted: str) -> float:
    left, right = bare(given).split(), bare(wanted).split()
    same = sum(min(count, right.count(word)) for word, count in Counter(left).items())
    if not same:
        return 0.0
    precision, recall = same / len(left), same / len(right)
    return 2 * precision * recall / (precision + recall)


def number(text: str) -> str | None:
    found = re.search(r"-?\d[\d,]*(\.\d+)?", text)
    return str(float(found.group().replace(",", ""))) if found else None


def worth(asked: dict, answer: dict) -> tuple[float, float]:
    text = "" if answer["finish_reason"] in ("length", "over_budget") else answer["text"]
    if not asked["answerable"]:
        right = float(bare(text) == "i dont know")
        return right, right
    overlap = max(f1(text, wanted) for wanted in asked["answers"])
    if asked["task"] == "number":
        return float(
            number(text) in [number(wanted) for wanted in asked["answers"]] and number(text) is not None
        ), overlap
    return float(bare(text) != "" and bare(text) in [bare(wanted) for wanted in asked["answers"]]), overlap


@pytest.mark.parametrize("system", list(GIVEN))
def test_exact_match_and_token_f1_agree_to_the_last_digit_shown(system: str) -> None:
    there = [answer for answer in GIVEN[system].values() if answer["available"]]
    rows = [worth(ASKED[answer["example"]], answer) for answer in there]
    row = SCORES["systems"][system]
    for place, metric in enumerate(("exact_match", "token_f1")):
        mean = 100 * sum(row[place] for row in rows) / len(rows)
        assert cell(row[metric]).startswith(f"{mean:.1f} ("), (system, metric)
        assert row[metric]["n"] == len(rows)


@pytest.mark.parametrize("system", [name for name in GIVEN if name != "gold"])
def test_macro_f1_agrees_to_the_last_digit_shown(system: str) -> None:
    labels = [row for row in ASKED.values() if row["task"] == "label"]
    valid = {bare(name) for name in labels[0]["format"].removeprefix("label:").split("|")}
    truth = [bare(row["answers"][0]) for row in labels]
    given = [bare(GIVEN[system][row["id"]]["text"]) for row in labels]
    given = [name if name in valid else "none of them" for name in given]
    wanted = 100 * f1_score(truth, given, labels=sorted(set(truth)), average="macro", zero_division=0)
    shown = SCORES["systems"][system]["tasks"]["label"]["measures"]["macro_f1"]
    assert cell(shown).startswith(f"{wanted:.1f} (")
