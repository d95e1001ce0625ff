"""Words hidden from label questions: which, when, and that the way a step is computed does not matter."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from data import jobs
from data.child import Reporter
from data.workspace import Workspace
from sft.config import TrainConfig, hiding
from sft.loss import IGNORED
from sft.orders import order_training
from sft.preparation import preparation
from sft.train import train
from sft.word_dropout import MAY_HIDE, hidden, marked, stand_in
from tests import tiny

home, workspace = tiny.home, tiny.workspace
SMALL, LARGE = 6_000_000, 7_000_000_000
PAD = 0


@pytest.fixture(scope="module")
def rows(home: Path) -> str:
    """24 rows with one of two labels, which one of their words decides."""
    texts = [
        f"Ada leads the {word} tower of {name}" for word in ("green", "harbour") for name in [*tiny.NAMES, *"abcd"]
    ]
    path = home / "labels.jsonl"
    path.write_text(
        "".join(
            json.dumps({"question": t, "answer": "Ada" if "green" in t else "I", "task": "label"}) + "\n" for t in texts
        )
    )
    return str(path)


def batch(rows: int = 4, prompt: int = 400) -> dict[str, torch.Tensor]:
    """Prompts of many tokens, the first one special, and answers of two; all but the last row may be hidden from."""
    ids = torch.arange(10, 10 + rows * (prompt + 2)).reshape(rows, prompt + 2)
    ids[:, 0] = 1
    plain = [[IGNORED] * prompt + row[prompt:] for row in ids.tolist()]
    labels = [marked(own, row, {1}) for own, row in zip(plain[:-1], ids.tolist(), strict=False)]
    return {"input_ids": ids, "labels": torch.tensor([*labels, plain[-1]]), "attention_mask": torch.ones_like(ids)}


def test_about_the_share_of_a_prompt_is_hidden_and_never_an_answer_a_mark_of_the_template_or_an_unmarked_row() -> None:
    given = batch()
    found = hidden(given, 0.2, "0 7", PAD)
    gone = found["input_ids"] == PAD
    assert not gone[:, 0].any()
    assert not gone[:, -2:].any()
    assert not gone[-1].any()
    assert all(0.1 < share < 0.3 for share in gone[:-1].float().mean(dim=1).tolist())
    assert torch.equal(found["input_ids"][~gone], given["input_ids"][~gone])
    assert MAY_HIDE not in found["labels"]
    learned = given["labels"] >= 0
    assert torch.equal(found["labels"][learned], given["labels"][learned])
    assert (found["labels"][~learned] == IGNORED).all()
    assert MAY_HIDE in given["labels"], "what was given is left as it was"


def test_what_is_hidden_depends_on_the_step_and_the_row_but_not_on_the_batch_or_its_padding() -> None:
    given = batch()
    found = hidden(given, 0.2, "0 7", PAD)["input_ids"]
    assert torch.equal(found, hidden(given, 0.2, "0 7", PAD)["input_ids"])
    assert not torch.equal(found, hidden(given, 0.2, "0 8", PAD)["input_ids"])
    only = slice(1, 2)
    padding = {"input_ids": PAD, "labels": IGNORED, "attention_mask": 0}
    alone = {name: torch.nn.functional.pad(given[name][only], (0, 9), value=padding[name]) for name in given}
    assert torch.equal(found[only], hidden(alone, 0.2, "0 7", PAD)["input_ids"][:, :-9])


def test_hidden_words_are_padding_or_an_underscore_where_padding_is_the_end() -> None:
    own = SimpleNamespace(pad_token_id=5, eos_token_id=3)
    assert stand_in(own) == 5
    for pad in (3, None):
        same = SimpleNamespace(pad_token_id=pad, eos_token_id=3, encode=lambda text, **_: [{"_": 44}[text]])
        assert stand_in(same) == 44


def test_only_a_small_base_that_learns_labels_alone_hides_words_unless_told_otherwise() -> None:
    def decided(labels: int, rows: int, size: int, **told: Any) -> tuple[float | None, str]:
        config, reason = hiding(TrainConfig(**told), labels, rows, size)
        return config.word_dropout, reason

    assert decided(100, 100, SMALL) == (0.2, "a small base would learn the 100 rows with a label by heart")
    assert decided(99, 100, SMALL) == (0, "only 99 of 100 rows ask for a label")
    assert decided(100, 100, LARGE)[0] == 0
    assert decided(0, 100, SMALL) == (0, "no row asks for a label")
    assert decided(99, 100, LARGE, word_dropout=0.4) == (0.4, "asked for")
    assert decided(100, 100, SMALL, word_dropout=0.4, loss="all") == (
        0,
        "prompts are learned as well, so they stay whole",
    )


def losses(workspace: Workspace, home: Path, rows: str, name: str, **values: object) -> list[float]:
    run = order_training(workspace, name, tiny.config(home, epochs=3, **values), rows, rows)
    train(workspace, run, Reporter(run))
    return [point["loss"] for point in jobs.curve(run) if "loss" in point]


def test_hidden_words_change_training_but_not_by_how_a_step_is_cut_into_batches(
    workspace: Workspace, home: Path, rows: str
) -> None:
    whole = losses(workspace, home, rows, "whole")
    parts = losses(workspace, home, rows, "parts", batch_size=2, accumulation=4)
    shown = losses(workspace, home, rows, "shown", word_dropout=0.0)
    assert len(whole) == len(parts) == len(shown) == 9
    assert parts == pytest.approx(whole, rel=0.02)
    assert whole[0] != pytest.approx(shown[0], rel=1e-4), "even the first step hides words"


def test_the_rows_are_said_to_lose_words_before_the_launch(workspace: Workspace, home: Path, rows: str) -> None:
    said = " ".join(preparation(workspace, tiny.config(home), rows, rows).choices)
    assert "Hidden words of label questions: 20 % (a small base would learn the 24 rows with a label by heart)." in said
    facts = " ".join(preparation(workspace, tiny.config(home), str(home / "rows.jsonl")).choices)
    assert "Hidden words of label questions: none (no row asks for a label)." in facts
