"""Reports as files: every answer is in them, and nothing in them runs."""

from __future__ import annotations

import csv
import io
import json

import pytest

from data.disk import append_jsonl, write_json
from data.schema import Answer, Example
from data.workspace import Workspace
from eval import exports, records
from tests import test_pages
from tests.test_pages import make_bench

home = test_pages.home


def test_the_table_holds_every_answer_once_with_its_scores(home: Workspace) -> None:
    run = make_bench(home, rows=10)
    text = exports.as_csv(run)
    assert text.startswith("\ufeffid,question,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len({(row["id"], row["system"]) for row in rows}) == len(rows) == 40
    right = [row["id"] for row in rows if row["system"] == "rag" and float(row["exact_match"])]
    assert right == ["q0", "q2", "q4", "q6", "q8"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    example = Example("q", text, (text,), tags=(text,), document=text)
    plain = exports.line(example, text, Answer("q", text, 0.0), [0.5] * len(exports.MEASURES), text)
    row = {name: exports.harmless(value) for name, value in plain.items()}
    assert [name for name, value in row.items() if str(value).lstrip(" ").startswith(exports.FORMULA)] == []
    assert row["answer"] == "'" + text
    assert exports.harmless(-1.5) == -1.5, "numbers stay numbers"
    assert exports.harmless("a = b") == "a = b"


def test_each_json_line_holds_the_prompt_and_the_passages(home: Workspace) -> None:
    run = make_bench(home, rows=4)
    rows = [json.loads(line) for line in exports.as_jsonl(run)]
    found = next(row for row in rows if row["system"] == "rag" and row["id"] == "q1")
    assert found["prompt"] == [{"role": "user", "content": "Question: What is <b>fact</b> 1?"}]
    assert found["passages"][0]["text"] == "Fact 1 is value 1."
    assert found["accepted"] == ["value 1"]


def test_a_text_has_its_rouge_and_its_similarity_in_every_export(home: Workspace) -> None:
    run = make_bench(home, rows=2)
    file = run.folder / "examples.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[0] |= {"task": "text", "answers": ["value 0 it is"]}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_json(run.folder / "similarities.json", {"embedder": "e", "systems": {"rag": {"q0": 0.75}}})
    found = {(row["system"], row["id"]): row for row in map(json.loads, exports.as_jsonl(run))}
    assert found["rag", "q0"]["rouge_l"] == pytest.approx(2 / 3), "2 of 2 words right, 2 of 4 wanted"
    assert found["rag", "q0"]["similarity"] == 0.75
    assert found["rag", "q1"]["rouge_l"] is None
    (row,) = [one for one in csv.DictReader(io.StringIO(exports.as_csv(run)[1:])) if one["similarity"]]
    assert float(row["rouge_l"]) == pytest.approx(2 / 3)


def test_an_answer_that_could_not_be_given_has_no_score(home: Workspace) -> None:
    run = make_bench(home, rows=1)
    append_jsonl(run.folder / "answers.jsonl", [
        {"system": "base", "example": "q0", "text": "", "seconds": 0.0, "hits": [], "conversation": [],
         "available": False}
    ])  # fmt: skip
    rows = {row["system"]: row for row in map(json.loads, exports.as_jsonl(run))}
    assert rows["base"]["exact_match"] is None
    assert rows["rag"]["exact_match"] == 1.0


def test_the_summary_says_what_the_page_says_and_shows_signs_as_text(home: Workspace) -> None:
    run = make_bench(home, name="a_b")
    scores = records.load_scores(run)
    text = exports.as_markdown(run, scores)
    assert text.startswith("# Comparison a\\_b\n")
    for pair in scores["pairs"]:
        if pair["metric"] == "exact_match":
            assert exports.plain(pair["sentence"]) in text
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("| System | n |"))
    assert [line.split(" | ")[0] for line in lines[head + 2 : head + 6]] == ["| base", "| sft", "| rag", "| sft+rag"]
    assert exports.plain("a|b *c* <i>\nd") == "a\\|b \\*c\\* \\<i\\> d"
