"""What Compare shows beside scores: why answers are wrong, fairness, times, headroom, another run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data import jobs
from data.disk import write_json
from data.examples import save_examples
from data.schema import Example
from data.workspace import Workspace, open_workspace
from eval import bench, conditions, headroom, records
from eval.systems import Parts
from tests import test_pages
from tests.gates import Gatekeeper, example
from tests.sample_bench import carry_out
from tests.test_pages import at, finish, make_bench, table, texts

ROWS = 40
WRONG = "Wrong, of these"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    root = tmp_path / "workspace"
    monkeypatch.setenv("CROSSOVER_HOME", str(root))
    return open_workspace(root)


def carried_out(home: Workspace, name: str = "gates", rows: int = ROWS, taught: int = 10) -> jobs.Run:
    """A bench of base and gold by the gatekeeper, carried out as the child does it."""
    file = home.root / f"{rows}.jsonl"
    save_examples(file, [example(number, tags=("odd",) if number % 2 else ()) for number in range(1, rows + 1)])
    run = bench.order(home, bench.BenchOrder(name, str(file), Parts("some/model"), ("base", "gold")))
    assert carry_out(home.root, run.id, Gatekeeper(taught=range(1, taught + 1), blind={40})) == 0
    return jobs.load(home, run.id)


def reasons_by_system(app: AppTest) -> dict[str, dict[str, int]]:
    """{system: {reason: how many}} of the table under the chart."""
    shown = next(one for one in test_pages.tables(app) if WRONG in set(one.iloc[:, 0]))
    return shown.set_index(shown.columns[0]).to_dict()


def test_reasons_are_counted_and_lead_to_their_questions(home: Workspace) -> None:
    app = at("compare", run=carried_out(home).id)
    assert not app.exception
    counted = reasons_by_system(app)
    assert (counted["base"]["Answers"], counted["base"][WRONG], counted["base"]["Not known"]) == (40, 30, 30)
    assert (counted["gold"][WRONG], counted["gold"]["Reading miss"]) == (1, 1)
    app.button_group(key="questions_kind").set_value("Wrong for one system").run()
    app.selectbox(key="questions_wrong").set_value("gold").run()
    app.selectbox(key="questions_reason").set_value("reading miss").run()
    assert "1 of 40 questions" in texts(app)
    assert "Which code opens gate 40?" in [one.value for one in app.text]
    assert "reading miss: wrong even with the gold passage alone" in texts(app)
    assert "1. gate40.md" in texts(app)
    assert texts(app).count(":green-badge[gold]") == 1, "the passage that holds the gold evidence is marked"
    app.selectbox(key="questions_wrong").set_value("base").run()
    assert "30 of 40 questions" in texts(app), "a reason that the other system does not have is let go"
    app.selectbox(key="questions_slice").set_value("tag odd").run()
    assert "15 of 40 questions" in texts(app)


def test_a_right_and_b_wrong_lists_what_the_names_say(home: Workspace) -> None:
    app = at("compare", run=carried_out(home).id)
    app.button_group(key="questions_kind").set_value("A right, B wrong").run()
    app.selectbox(key="questions_right").set_value("gold")
    app.selectbox(key="questions_other").set_value("base").run()
    assert "29 of 40 questions" in texts(app)


def test_conditions_that_differ_stand_in_red_beside_the_verdict(home: Workspace) -> None:
    run = carried_out(home)
    assert not at("compare", run=run.id).error
    met = conditions.load(run)
    met["gold"][0]["dtype"] = "bfloat16"
    write_json(run.folder / conditions.FILE, {"systems": met})
    bench.score_again(run)
    said = [one.value.replace("\\", "") for one in at("compare", run=run.id).error]
    assert said == ["Different number format: float32 (base); bfloat16 (gold)."]


def test_times_of_single_answers_are_shown_with_their_number(home: Workspace) -> None:
    app = at("compare", run=carried_out(home).id)
    rows = {row["System"]: row for row in table(app, "Prefill, s").to_dict("records")}
    assert rows["base"]["n"] == 30
    assert rows["base"]["Retrieving, s"] == "–"
    assert rows["base"]["Prefill, s"] == "0.100 (0.100)"
    assert rows["base"]["Decoding, s"] == "0.200 (0.200)"
    assert "The whole run took at most" in texts(app)


def test_a_run_from_before_is_shown_and_can_be_scored_again(home: Workspace) -> None:
    run = make_bench(home)
    app = at("compare", run=run.id)
    assert not app.exception
    assert "scored before wrong answers got a reason" in texts(app)
    app.button(key="compare_rescore").click().run()
    assert not app.exception
    assert not app.error
    found = reasons_by_system(app)
    assert (found["sft+rag"][WRONG], found["base"][WRONG], found["base"]["Not known"]) == (0, 40, 40)


def test_an_incomplete_comparison_shows_its_questions_and_no_scores(home: Workspace) -> None:
    file = home.root / "few.jsonl"
    save_examples(file, [example(number) for number in range(1, 5)])
    run = bench.order(home, bench.BenchOrder("torn", str(file), Parts("some/model"), ("base",)))

    def before(questions: list[str]) -> None:
        raise MemoryError("no memory left")

    assert carry_out(home.root, run.id, Gatekeeper(before=before)) == 2
    app = at("compare", run=run.id)
    assert not app.exception
    assert "The machine failed on 4 of 4 answers (MemoryError: no memory left)" in texts(app)
    assert app.button(key=f"resume_{run.id}")
    assert "the machine failed" in texts(app)
    assert "Why answers are wrong" not in texts(app)


def test_two_runs_are_compared_and_refused_over_other_questions(home: Workspace) -> None:
    first, second = carried_out(home), carried_out(home, "later", taught=30)
    other = carried_out(home, "short", rows=8)
    app = at("compare", run=second.id)
    app.selectbox(key="two_runs_other").set_value(first.id).run()
    assert not app.exception
    row = table(app, "The other, %").to_dict("records")[0]
    assert (row["System"], row["n"]) == ("base", 40)
    assert str(row["Difference, points"]).startswith("50.0 (")
    assert "base of later beats base of gates by 50.0 points" in texts(app)
    app.selectbox(key="two_runs_other").set_value(other.id).run()
    assert "32 of 40 are only in the first" in texts(app)


def headroom_run(home: Workspace, test: str) -> jobs.Run:
    run = headroom.order(home, "pocket", test)
    rows = records.questions(run)
    for name in ("base", "gold"):
        given = [_answer(row, right=name == "gold" or n < 4) for n, row in enumerate(rows)]
        records.AnswerLog(run.folder).save(name, given)
    bench.score_again(run)
    finish(run, "done")
    return run


def _answer(row: Example, right: bool) -> Any:
    from data.schema import Answer

    return Answer(row.id, row.answers[0] if right else "code 0", 0.1)


def test_headroom_is_offered_before_a_comparison_and_a_fine_tune(home: Workspace) -> None:
    from data.dataset import add, check

    file = home.root / "rows.jsonl"
    file.write_text("\n".join(
        json.dumps({"question": e.question, "answer": e.answers[0], "evidence": e.evidence, "id": e.id})
        for e in (example(number) for number in range(1, 41))
    ))  # fmt: skip
    train = home.root / "train.jsonl"
    train.write_text("\n".join(json.dumps({"question": f"Why {n}?", "answer": f"{n}"}) for n in range(40)))
    ref = add(home, "gates", check({"test": file, "train": train}, None, None)).ref
    app = at("compare")
    assert "Check the headroom" in [button.label for button in app.button]
    run = headroom_run(home, ref)
    for page in ("compare", "tune"):
        app = at(page)
        assert not app.exception
        assert "The base knows 10 % of these (4 to 23; n 40) by itself" in texts(app), page
        assert "The right passage helps this model: 100 % with the right passage" in texts(app)
    assert run.id not in [one.id for one in jobs.list_runs(home, "bench")], "it is no comparison of its own"
    assert "headroom check" in str(table(at("runs"), "Kind").to_dict("records"))
