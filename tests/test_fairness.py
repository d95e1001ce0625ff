"""The fairness lock: what must be equal and is not stands in red; what is compared does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.store import publish, staging
from data.workspace import open_workspace
from eval.fairness import lock, table
from eval.origins import datasets_with

MODEL = {
    "test": "t1", "test_file": "f1", "base": "pocket", "base_hash": "aa" * 20, "dtype": "float32", "device": "cpu",
    "decoding": "greedy, at most 64 new tokens", "prompt": "p1", "instruction": "", "template": "c1", "budget": 960,
}  # fmt: skip
TUNED = {"weights": "help@1", "training_context": "crowd", "training_prompt": "p1", "training_instruction": "",
         "chosen_on": "30 of 300 rows", "chosen_on_file": None,
         "indexed": {"k@1": {"rows": 100, "indexed": 95}}}  # fmt: skip
SEARCH = {"knowledge": "k@1", "k": 4, "method": "fused", "at_least": None, "search_tuned_on": None}
FLOOR = {"test": "t1", "test_file": "f1", **SEARCH}


def four(**changed: Any) -> dict[str, list[dict[str, Any]]]:
    """Base, sft, rag, sft+rag and the floor under equal conditions; ``changed`` replaces some of rag's."""
    rag = {**MODEL, "weights": None, **SEARCH, **changed}
    return {
        "base": [{**MODEL, "weights": None}], "sft": [{**MODEL, **TUNED}], "rag": [rag],
        "sft+rag": [{**MODEL, **TUNED, **SEARCH}], "floor": [FLOOR],
    }  # fmt: skip


def test_weights_and_passages_differ_by_design() -> None:
    found = lock(four(k=8))
    assert found.differs == ()
    assert found.unknown == ()
    assert "By design, different tuned weights: none (base, rag); help@1 (sft, sft+rag)." in found.designed
    assert "By design, different passages: 8 (rag); 4 (sft+rag, floor)." in found.designed


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "base_hash",
            "bb" * 20,
            "Different base checkpoint: pocket aaaaaaaaaaaa (base, sft, sft+rag); pocket b",
        ),
        ("dtype", "bfloat16", "Different number format: float32 (base, sft, sft+rag); bfloat16 (rag)."),
        ("device", "cuda", "Different device"),
        ("decoding", "greedy, at most 8 new tokens", "Different decoding"),
        ("prompt", "p2", "Different prompt form"),
        ("instruction", "Be brief.", "Different instruction: none (base, sft, sft+rag); Be brief. (rag)."),
        ("template", "c2", "Different chat template"),
        ("budget", 100, "Different prompt budget in tokens: 960 (base, sft, sft+rag); 100 (rag)."),
        ("test", "t2", "Different test questions: t1 (base, sft, sft+rag, floor); t2 (rag)."),
    ],
)
def test_every_condition_that_should_be_equal_is_named_when_it_is_not(key: str, value: Any, said: str) -> None:
    (line,) = lock(four(**{key: value})).differs
    assert line.startswith(said)


def test_a_system_that_went_on_under_other_conditions_is_named() -> None:
    met = four()
    met["base"].append({**met["base"][0], "dtype": "bfloat16"})
    assert lock(met).differs == ("Different number format: float32 (base, sft, rag, sft+rag); bfloat16 (base).",)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"training_prompt": "p0"}, "sft: help@1 was trained with another prompt form than it is asked with."),
        ({"training_instruction": "x"}, "sft: help@1 was trained with another instruction than it is asked with."),
        ({"chosen_on_file": "f1"}, "sft: the best checkpoint of help@1 was chosen on this very test file."),
        ({"indexed": {"k@1": {"rows": 100, "indexed": 89}}}, "Only 89 of 100 training rows of help@1 that name a "
         "document come from those of k@1: the two methods were not given the same knowledge."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_tuned_weights_is_named(changed: dict[str, Any], said: str) -> None:
    met = {**four(), "sft": [{**MODEL, **TUNED, **changed}]}
    assert said in lock(met).differs


def trained(of: list[str], asked: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Base and sft, the tuned weights trained on rows of one dataset, the questions of another."""
    test = {"test_of": asked}
    return {"base": [{**MODEL, **test, "weights": None}], "sft": [{**MODEL, **TUNED, **test, "trained_of": of}]}


def test_weights_trained_on_another_dataset_than_the_questions_stand_in_red() -> None:
    found = lock(trained(["tickets"], ["help"]))
    assert found.differs == (
        "help@1 was trained on the rows of another dataset (tickets) than that of the test questions (help).",
    )
    assert lock(trained(["help", "tickets"], ["help"])).differs == ()
    assert lock(four()).unknown == (), "conditions from before this was kept say nothing of it"


def test_rows_of_no_stored_dataset_are_no_fault_but_said() -> None:
    for of, asked, said in ((["help"], [], "The test questions are not"), ([], ["help"], "The training rows of")):
        found = lock(trained(of, asked))
        assert found.differs == ()
        assert found.unknown[0].startswith(said)
    assert lock(trained([], [])).unknown == ()


def test_a_dataset_is_known_by_its_rows_in_any_version(tmp_path: Path) -> None:
    home = open_workspace(tmp_path)
    for name, print_ in (("help", "a"), ("help", "b"), ("tickets", "b")):
        with staging(home, "datasets") as built:
            publish(home, "datasets", name, built, {
                "documents": 0, "leakage": {}, "splits": {"train": {"rows": 1, "columns": [], "fingerprint": print_}},
            })  # fmt: skip
    assert datasets_with(home, "train", "a") == ["help"]
    assert datasets_with(home, "train", "b") == ["help", "tickets"]
    assert datasets_with(home, "test", "a") == datasets_with(home, "train", None) == []


def test_what_nobody_can_check_is_said_and_is_no_fault() -> None:
    met = {**four(), "sft": [{**MODEL, **TUNED, "training_prompt": None, "indexed": {"k@1": None}}]}
    found = lock(met)
    assert found.differs == ()
    assert "name no document" in found.unknown[0]


def test_the_table_has_a_column_for_every_system() -> None:
    rows = {row["Condition"]: row for row in table(four())}
    assert rows["Number format"] == {
        "Condition": "Number format", "base": "float32", "sft": "float32", "rag": "float32", "sft+rag": "float32",
        "floor": "",
    }  # fmt: skip
    assert rows["Passages"]["floor"] == "4"
    assert lock({}).saved() == {"differs": [], "designed": [], "unknown": []}
