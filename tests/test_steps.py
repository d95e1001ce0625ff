"""The six steps of an answer: what each says and what its time is, with the hash embedder and a model that echoes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import UserError
from data.prompts import BUNDLED, CITE, INSTRUCTION, instruction_for
from data.schema import Conversation, DecodeSettings, Generation, OnGenerated, OnText
from data.workspace import Workspace, open_workspace
from eval import steps
from eval.ask import ask
from eval.citations import VERBATIM
from eval.loading import Loader
from eval.systems import System
from rag import knowledge
from rag.embed import Embedder
from rag.filters import EVERYTHING, Filter
from rag.settings import BuildConfig
from tests.hashing import DIM, fake

QUESTION = "When does the harbour shop open?"
RAG = System("rag", "some/model", context="retrieved", knowledge="K", k=2, method="fused")
BASE = System("base", "some/model")


class Echo:
    """Answers with the first sentence of its context, else with "nothing"; ``window`` counts words."""

    def __init__(self, window: int) -> None:
        self.window, self.asked = window, list[str]()

    def ready(self) -> None:
        pass

    def generate(
        self, conversations: Sequence[Conversation], settings: DecodeSettings, on_text: OnText | None = None,
        on_generated: OnGenerated | None = None,
    ) -> list[Generation]:  # fmt: skip
        text = conversations[0][-1].content
        self.asked.append(text)
        answer = text.partition("[1] ")[2].partition(".")[0] or "nothing"
        if on_text:
            on_text(answer)
        return [Generation(answer, len(text.split()), len(answer.split()), "stop", 0.0)]

    def score(self, conversations: Sequence[Conversation], answers: Sequence[str]) -> None:
        return None

    def count(self, conversation: Conversation) -> int:
        return len(conversation[-1].content.split())


class Parts(Loader):
    """The real loader with the hash embedder and the echo in the place of models."""

    def __init__(self, workspace: Workspace, window: int = 500) -> None:
        super().__init__(workspace)
        self.echo = Echo(window)

    def generator(self, system: System) -> Any:
        return self.echo

    def embedder(self, name: str) -> Embedder:
        return fake()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("steps")
    texts = {"shop.md": "The harbour shop does open at 9:30 each day.", "tea.md": "Bramble tea is steeped for long.",
             "boat.md": "The ferry leaves the north quay at noon."}  # fmt: skip
    for name, text in texts.items():
        (root / name).write_text(text)
    workspace = open_workspace(root / "home")
    files: list[Path] = sorted(root.glob("*.md"))
    knowledge.build(workspace, "K", files, BuildConfig(chunk_tokens=32, embedder="hash"), fake())
    return workspace


def asked(home: Workspace, system: System = RAG, window: int = 500, only: Filter = EVERYTHING) -> dict[str, Any]:
    return ask(Parts(home, window), QUESTION, [system], DecodeSettings(8), lambda event: None, only)[system.name]


def by_name(answer: dict[str, Any]) -> dict[str, Any]:
    return {step["name"]: step for step in answer["steps"]}


@pytest.mark.parametrize("system", [RAG, BASE, replace(RAG, method="bm25"), replace(RAG, method="dense")])
def test_the_steps_are_six_and_their_times_add_up_to_no_more_than_the_whole(home: Workspace, system: System) -> None:
    answer = asked(home, system)
    assert tuple(step["name"] for step in answer["steps"]) == steps.NAMES
    used = [step["seconds"] for step in answer["steps"] if step["seconds"] is not None]
    assert all(seconds >= 0 for seconds in used)
    assert 0 < sum(used) <= answer["seconds"]
    first = by_name(answer)["answer"]["details"]["first_text_seconds"]
    assert 0 <= first <= by_name(answer)["answer"]["seconds"]


def test_a_step_that_is_not_used_says_why(home: Workspace) -> None:
    closed = by_name(asked(home, BASE))
    assert {name for name, step in closed.items() if step["seconds"] is None} == {"vector", "search", "passages"}
    assert closed["search"]["said"] == "this system reads no passages"
    assert closed["prompt"]["said"].endswith("the question alone")
    words = by_name(asked(home, replace(RAG, method="bm25")))
    assert {name for name, step in words.items() if step["seconds"] is None} == {"vector"}
    assert "BM25" in words["vector"]["said"]
    floor = by_name(asked(home, replace(RAG, floor=True)))
    assert {name for name, step in floor.items() if step["seconds"] is None} == {"prompt"}


def test_the_vector_is_the_one_that_was_searched_with(home: Workspace) -> None:
    details = by_name(asked(home))["vector"]["details"]
    own = fake().embed_questions([QUESTION])[0]
    assert details == {"embedder": "hash", "dimension": DIM, "norm": pytest.approx(float(np.linalg.norm(own))),
                       "first": [round(float(number), 4) for number in own[: steps.SHOWN]]}  # fmt: skip


def test_the_search_names_its_method_index_number_of_passages_and_filter(home: Workspace) -> None:
    every = by_name(asked(home))["search"]
    assert every["said"] == "fused search (IndexFlatIP and BM25) among 3 passages"
    some = by_name(asked(home, only=Filter(documents=("shop.md", "tea.md"))))["search"]
    assert some["said"].endswith("among 2 of 3 passages; only documents shop.md, tea.md")
    assert (some["details"]["searched"], some["details"]["passages"]) == (2, 3)
    dated = Filter(tags=("a", "b"), since="2026-01-01", until="2026-02-01")
    assert steps.told(dated) == "tagged a and b; from 2026-01-01; until 2026-02-01"


def test_the_answer_names_the_passage_that_holds_it(home: Workspace) -> None:
    answer = asked(home)
    assert answer["hits"][0]["document"] == "shop.md"
    (one,) = answer["citations"]
    assert (one["number"], one["written"], one["verdict"]) == (1, False, VERBATIM)
    assert asked(home, BASE)["citations"] == []


def test_nothing_good_enough_is_said_with_what_happens_then(home: Workspace) -> None:
    answer = asked(home, replace(RAG, at_least=0.999))
    found = by_name(answer)
    assert found["passages"]["said"].startswith("nothing is good enough: the nearest has cosine 0.")
    assert found["passages"]["said"].endswith("at least 0.999 was asked for (3 left out)")
    assert "answers from its weights" in found["prompt"]["said"]
    assert (answer["relevant"], answer["hits"], answer["citations"], answer["text"]) == (False, [], [], "nothing")
    assert answer["prompt"] == f"{INSTRUCTION}\nQuestion: {QUESTION}"
    unknown = ask(Parts(home), "zebra?", [replace(RAG, method="bm25")], DecodeSettings(8), lambda event: None)["rag"]
    assert by_name(unknown)["passages"]["said"] == "none: no passage shares a word with the question"


def test_passages_that_do_not_fit_are_counted_and_support_nothing(home: Workspace) -> None:
    alone = len(f"{INSTRUCTION} Question: {QUESTION}".split())
    answer = asked(home, window=alone + 8)
    prompt = by_name(answer)["prompt"]
    assert prompt["details"]["dropped"] == 2
    assert "2 dropped, for they did not fit the model's window" in prompt["said"]
    assert len(answer["hits"]) == 2
    assert answer["citations"] == []


def test_only_general_models_that_read_passages_are_asked_to_cite(home: Workspace) -> None:
    loader = Parts(home)
    ask(loader, QUESTION, [BASE, RAG], DecodeSettings(8), lambda event: None, cite=True)
    assert [CITE in text for text in loader.echo.asked] == [False, True]
    assert CITE not in instruction_for("some/model")[0]
    assert instruction_for(BUNDLED, cite=True)[0] == ""
    with pytest.raises(UserError, match="not trained to name passages"):
        ask(loader, QUESTION, [replace(RAG, model=BUNDLED)], DecodeSettings(8), lambda event: None, cite=True)
