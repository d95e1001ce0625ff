"""What one mean hides: clear leads by kind of question, right answers that only refuse, reader and search apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.demo.first_start import SHIPPED
from data.disk import append_jsonl, read_jsonl
from data.examples import save_examples
from data.prompts import ABSTAIN
from data.schema import Example
from data.workspace import Workspace, open_workspace
from eval import bench, records
from eval.hidden import clearly_ahead, only_refusals, where_known
from tests.test_pages import at, make_bench, texts

KINDS = ("even", "odd")
ASKED = [Example(f"q{i}", f"What is {i}?", (str(i),), tags=(KINDS[i % 2],)) for i in range(80)]


def marked(right: set[int], asked: list[Example] = ASKED) -> dict[str, bool | None]:
    return {one.id: number in right for number, one in enumerate(asked)}


def test_only_a_lead_whose_interval_excludes_zero_is_named() -> None:
    leader = marked(set(range(0, 80, 2)))  # all even ones
    clear = marked(set(range(1, 60, 2)))  # thirty of forty odd ones
    slight = marked({1})  # one odd one more than the leader: a mean above 0, an interval that holds 0
    assert clearly_ahead(ASKED, {"a": leader, "b": clear, "c": slight}, "a", ("b", "c")) == {"b": ("odd",)}
    assert clearly_ahead(ASKED, {"a": leader, "c": slight}, "a", ("c",)) == {}


def test_few_groups_never_make_a_lead() -> None:
    few = ASKED[:38]  # nineteen odd ones
    marks = {"a": marked(set(), few), "b": marked(set(range(38)), few)}
    assert clearly_ahead(few, marks, "a", ("b",)) == {}
    more = ASKED[:40]
    assert clearly_ahead(more, {"a": marked(set(), more), "b": marked(set(range(40)), more)}, "a", ("b",)) == {
        "b": KINDS
    }
    same = [replace(one, evidence="one passage for all") for one in more]
    marks = {"a": marked(set(), same), "b": marked(set(range(40)), same)}
    assert clearly_ahead(same, marks, "a", ("b",)) == {}, "forty questions about one passage are one group"


def test_of_several_that_lead_the_one_that_leads_most_is_named() -> None:
    marks = {"a": marked(set()), "b": marked(set(range(50))), "c": marked(set(range(80)))}
    assert clearly_ahead(ASKED, marks, "a", ("b", "c")) == {"c": KINDS}


def test_a_system_whose_right_answers_are_all_refusals_is_counted() -> None:
    asked = [replace(one, answerable=number >= 3) for number, one in enumerate(ASKED)]
    marks = {"refuses": marked({0, 1, 2}), "knows": marked({0, 5}), "wrong": marked(set()), "cannot": {"q0": None}}
    assert only_refusals(asked, marks) == {"refuses": 3}


def test_gold_and_the_others_are_compared_on_the_same_questions() -> None:
    gold: dict[str, bool | None] = {one.id: True if number < 20 else None for number, one in enumerate(ASKED)}
    marks = {"gold": gold, "rag": marked(set(range(10, 80)))}
    found = where_known(ASKED, marks, "gold", ("rag", "none"))
    assert {name: (one.mean, one.n) for name, one in found.items()} == {"gold": (1.0, 20), "rag": (0.5, 20)}


# --- on the page ------------------------------------------------------------------------------------------------------


def test_the_overview_names_only_clear_leads(workspace: Workspace) -> None:
    make_bench(workspace)
    said = texts(at("overview"))
    assert "It depends on the kind" not in said, "sft+rag is right everywhere"
    assert "Clearly ahead" not in said


def test_the_overview_says_what_a_score_is_made_of(workspace: Workspace) -> None:
    run = make_bench(workspace)
    assert "where no answer exists" not in texts(at("overview"))
    asked = [replace(one, answerable=number > 1) for number, one in enumerate(records.questions(run))]
    save_examples(run.folder / "examples.jsonl", asked)
    rows = list(read_jsonl(run.folder / "answers.jsonl"))
    (run.folder / "answers.jsonl").unlink()
    refused = [
        {**row, "text": ABSTAIN} if row["system"] == "base" and row["example"] in ("q0", "q1") else row for row in rows
    ]
    append_jsonl(run.folder / "answers.jsonl", refused)
    bench.score_again(run)
    (said,) = [one.value for one in at("overview").caption if "where no answer exists" in one.value]
    assert said.replace("\\", "") == f"Its 2 right answers all say “{ABSTAIN}”, where no answer exists."


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="the demo workspace is not built (make demo)")
def test_the_demo_says_what_only_the_demo_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    app = at("overview")
    said = texts(app)
    assert said.count("in the demo") == 4
    assert "done" not in [one.value for one in app.markdown]
    assert "Reader and search apart" in said
    make_bench(open_workspace(tmp_path / "home"))
    said = texts(at("overview"))
    assert said.count("in the demo") == 3
    assert said.count(":material/check: done") == 1
