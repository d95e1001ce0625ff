"""Fine-tuning: which checkpoint is kept, when training stops early, how long it still takes. All pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.schema import Example
from eval.checkpoint import measure
from sft.batches import step_sizes
from sft.checks import metric_for
from sft.choice import Point, best, criteria_for, points, since_best
from sft.curve import lived
from sft.pace import checks_left, seconds_left, size_left
from sft.progress import best_checkpoint

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))


def overfit() -> list[dict[str, Any]]:
    """The log of a run that learns until step 30 and then learns by heart: its loss turns before its answers do."""
    metric = {0: 0.02, 10: 0.30, 20: 0.55, 30: 0.70, 40: 0.61, 50: 0.40}
    loss = {0: 3.0, 10: 1.2, 20: 0.8, 30: 0.9, 40: 1.6, 50: 2.5}
    rows: list[dict[str, Any]] = []
    for step in metric:
        rows += [{"step": step, "loss": 3 / (step + 1)}, {"step": step, "eval_loss": loss[step]},
                 {"step": step, "eval_metric": metric[step], "eval_metric_n": 64}]  # fmt: skip
    return rows


def test_the_checkpoint_kept_is_the_peak_of_the_criterion_not_the_last(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40, 50):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert best_checkpoint(tmp_path, overfit(), "metric") == tmp_path / "checkpoint-30"
    assert best_checkpoint(tmp_path, overfit(), "loss") == tmp_path / "checkpoint-20"
    assert best_checkpoint(tmp_path, overfit(), "last") == tmp_path / "checkpoint-50"
    (tmp_path / "checkpoint-30").rmdir()
    assert best_checkpoint(tmp_path, overfit(), "metric") == tmp_path / "checkpoint-40", "only what is on disk"


def test_equal_metrics_are_told_apart_by_the_loss_and_equal_losses_by_coming_first() -> None:
    flat = [Point(0, 3.0, 0.0), Point(5, 2.0, 0.0), Point(10, 1.0, 0.0), Point(15, 1.0, 0.0), Point(20, 2.0, 0.0)]
    assert best(flat, "metric") == flat[2]
    assert since_best(flat, "metric") == 2
    assert since_best(flat[:3], "metric") == 0, "a metric that does not move yet stops nothing while the loss falls"
    assert best([], "metric") is None
    assert since_best([], "loss") == 0


def test_early_stopping_looks_at_either() -> None:
    evaluated = points(overfit())
    assert [since_best(evaluated, by) for by in ("metric", "loss", "both")] == [2, 3, 2]


def test_a_metric_that_stands_still_by_chance_stops_nothing_while_the_loss_falls() -> None:
    lucky = [Point(0, 5.1, 0.05), Point(23, 3.45, 0.03), Point(46, 3.40, 0.02), Point(69, 3.35, 0.02)]
    assert [since_best(lucky, by) for by in ("metric", "both")] == [3, 0]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (("auto", "auto", True, 64), ("metric", "both")),
        (("metric", "metric", True, 64), ("metric", "metric")),
        (("auto", "auto", True, 19), ("loss", "loss")),
        (("auto", "auto", False, 0), ("last", "last")),
        (("metric", "loss", True, 5), ("metric", "loss")),
        (("loss", "auto", True, 64), ("loss", "loss")),
        (("metric", "metric", True, 0), ("loss", "loss")),
    ],
)
def test_the_criterion_follows_from_the_settings_and_says_why(settings: Any, expected: tuple[str, str]) -> None:
    found = criteria_for(*settings)
    assert (found.keep, found.stop) == expected
    assert found.reason


def test_the_metric_follows_from_the_task() -> None:
    def rows(task: str, count: int) -> list[Example]:
        return [Example(f"{task}{n}", "q", ("a",), task=task) for n in range(count)]

    assert metric_for(rows("label", 3) + rows("text", 2)) == (
        "exact_match", "the answers are short enough to be right or wrong (3 label, 2 text)"
    )  # fmt: skip
    assert metric_for(rows("text", 3) + rows("short", 2))[0] == "token_f1"


def test_the_measure_handed_down_is_that_of_the_comparison_with_its_interval() -> None:
    asked = [Example(str(n), "q", ("Ada Vermeer",)) for n in range(4)]
    exact = measure("exact_match", list(zip(asked, ["ada vermeer.", "Ada", "no", "Ada Vermeer"], strict=True)))
    assert (exact.mean, exact.n) == (0.5, 4)
    assert 0 < exact.low < 0.5 < exact.high < 1
    partly = measure("token_f1", [(asked[0], "Ada")])
    assert partly.mean == pytest.approx(2 / 3)


def test_steps_that_a_kill_undid_appear_once_in_the_curve() -> None:
    rows = [{"resumed_from": -1}, *({"step": n, "loss": 1.0} for n in (1, 2, 3, 4)), {"resumed_from": 2},
            {"step": 3, "loss": 9.0}]  # fmt: skip
    assert lived(rows) == [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 1.0}, {"step": 3, "loss": 9.0}]
    assert lived([*rows, {"resumed_from": -1}]) == [], "begun anew: there was no whole checkpoint"


def test_checks_still_to_come() -> None:
    assert [checks_left(step, 20, 5) for step in (1, 5, 6, 19, 20)] == [4, 4, 3, 1, 1], "that of a step comes after it"
    assert [checks_left(step, 22, 5) for step in (1, 20, 22)] == [5, 2, 1], "one more at the end"


def test_time_left_counts_the_checks_to_come() -> None:
    assert seconds_left([], [], 10, 2) is None
    steps = [(9.0, 100), (1.0, 100), (3.0, 300)]
    assert seconds_left(steps, [4.0], 1000, 2) == pytest.approx(18), "the first step sets things up"


def test_what_is_left_of_an_epoch_is_known_and_later_ones_are_taken_as_alike() -> None:
    epoch = step_sizes([9, 7, 2, 2, 5], 2)
    assert epoch == [18, 4, 5]
    assert [size_left(epoch, step, 6) for step in (1, 3, 5, 6)] == [9 + 27, 27, 5, 0]
    assert size_left(epoch, 1, 2) == 4


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_time_left_is_right_within_a_quarter_after_the_first_tenth_of_recorded_runs(path: Path) -> None:
    """Real runs, as their progress.jsonl has them (the first line says what ran): what was foretold after each step,
    against what it then took. In the last tenth, where little is left, a quarter of that tenth is allowed."""
    head, *rows = [json.loads(line) for line in path.read_text().splitlines()]
    events = [(row["step"], row.get("step_tokens"), row.get("check_seconds", row.get("step_seconds")))
              for row in rows if "check_seconds" in row or "step_seconds" in row]  # fmt: skip
    total, whole = head["steps"], sum(seconds for *_, seconds in events)
    sizes = [size for _, size, _ in events if size]
    steps: list[tuple[float, float]] = []
    checks: list[float] = []
    passed, tested = 0.0, 0
    for step, size, seconds in events:
        passed += seconds
        if size is None:
            checks.append(seconds)
            continue
        steps.append((seconds, size))
        if passed < whole / 10:
            continue
        epoch = sizes[(step - 1) // head["epoch"] * head["epoch"] :][: head["epoch"]]
        foretold = seconds_left(steps, checks, size_left(epoch, step, total), checks_left(step, total, head["every"]))
        assert foretold is not None
        assert abs(foretold - (whole - passed)) <= 0.25 * max(whole - passed, whole / 10), f"after step {step}"
        tested += 1
    assert tested > 20


def test_there_are_recorded_runs() -> None:
    assert len(RECORDED) >= 2
