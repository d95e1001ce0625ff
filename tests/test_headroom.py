"""What a headroom check advises, and two runs beside each other: from stored answers, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from data import jobs
from data.errors import UserError
from data.examples import save_examples
from data.schema import Answer, Example
from data.workspace import Workspace
from eval import bench, headroom, records, scoring
from eval.systems import Parts
from eval.two_runs import compare, difference
from tests.gates import example

ROWS = [example(number) for number in range(1, 101)]


def given(rows: Sequence[Example], right: int) -> dict[str, Answer]:
    """The first ``right`` answers are right."""
    return {e.id: Answer(e.id, e.answers[0] if n < right else "code 0", 0.1) for n, e in enumerate(rows)}


def advice(base: int, gold: int | None, rows: Sequence[Example] = ROWS) -> str:
    answers = {"base": given(rows, base)} | ({"gold": given(rows, gold)} if gold is not None else {})
    return " ".join(headroom.advice(scoring.summarise(rows, answers)))


@pytest.mark.parametrize(
    ("base", "gold", "said"),
    [
        (71, 90, "The base already knows 71 % of these (61 to 79; n 100): nothing can add more than 29 points."),
        (4, 90, "The base knows only 4 % of these (2 to 10; n 100): there is room"),
        (35, 90, "The base knows 35 % of these (26 to 45; n 100) by itself"),
        (
            35,
            36,
            "Even the right passage does not help this model: 36 % with the right passage (27 to 46; n 100), +1",
        ),
        (35, 20, "Even the right passage does not help this model: 20 % with the right passage"),
        (4, 90, "The right passage helps this model: 90 % with the right passage (83 to 94; n 100), +86.0 points (+7"),
        (4, 30, "more than half of the answers stay wrong: the model is the limit, not the search."),
        (4, None, "No test row names its gold passage"),
    ],
)
def test_the_advice_follows_from_both_scores(base: int, gold: int | None, said: str) -> None:
    assert said in advice(base, gold)


def test_few_questions_only_hint() -> None:
    assert "Few independent groups of questions (12): indicative only." in advice(3, 9, ROWS[:12])
    assert "indicative" not in advice(30, 90)
    mixed = scoring.summarise(ROWS[:30], {
        "base": given(ROWS[:30], 10), "gold": given(ROWS[:30][::-1], 12),
    })  # fmt: skip
    assert "Cannot tell whether the right passage helps this model" in " ".join(headroom.advice(mixed))


def test_a_check_asks_base_and_gold_of_a_sample(workspace: Workspace, tmp_path: Path) -> None:
    save_examples(tmp_path / "test.jsonl", ROWS)
    run = headroom.order(workspace, "pocket", str(tmp_path / "test.jsonl"), 40)
    assert run.kind == "headroom"
    assert [system["name"] for system in run.order["config"]["systems"]] == ["base", "gold"]
    assert len(records.questions(run)) == 40
    save_examples(tmp_path / "bare.jsonl", [replace(row, evidence=None) for row in ROWS])
    run = headroom.order(workspace, "pocket", str(tmp_path / "bare.jsonl"))
    assert [system["name"] for system in run.order["config"]["systems"]] == ["base"]


def finished(workspace: Workspace, name: str, rows: Sequence[Example], right: int, system: str = "base") -> jobs.Run:
    """A bench that has been answered and scored."""
    file = workspace.root / f"{name}.jsonl"
    save_examples(file, rows)
    asked = bench.BenchOrder(name, str(file), Parts(), (), (f"name={system}",))
    run = bench.order(workspace, asked)
    records.AnswerLog(run.folder).save(system, list(given(rows, right).values()))
    bench.score_again(run)
    return run


def test_the_same_system_in_two_runs_is_compared_question_by_question(workspace: Workspace) -> None:
    first, second = finished(workspace, "before", ROWS, 40), finished(workspace, "after", ROWS, 60)
    row = compare(first, second)["systems"][0]
    assert (row["system"], row["metric"]) == ("base", "exact_match")
    assert (row["first"]["mean"], row["second"]["mean"], row["difference"]["mean"]) == (0.4, 0.6, -0.2)
    assert row["sentence"].startswith("base of after beats base of before by 20.0 points of exact match")
    with pytest.raises(UserError, match="was named twice"):
        compare(first, first)
    with pytest.raises(UserError, match="no system of the same name"):
        compare(first, finished(workspace, "other", ROWS, 40, "else"))


def test_runs_over_other_questions_are_refused_with_the_difference_named(workspace: Workspace) -> None:
    changed = [replace(ROWS[0], answers=("code 8",)), *ROWS[1:90], *[example(number) for number in range(101, 106)]]
    first, second = finished(workspace, "one", ROWS, 40), finished(workspace, "two", changed, 40)
    with pytest.raises(UserError, match="asked different test questions") as refused:
        compare(first, second)
    assert ("10 of 100 are only in the first; 5 of 95 are only in the second; 1 have another answers (such as q001)"
            in refused.value.what)  # fmt: skip
    assert difference(ROWS, ROWS[::-1]) == "the same questions in another order"
