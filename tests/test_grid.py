"""Tuning retrieval: the split, what is chosen and reported, stop and resume, adopting, the warning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import jobs
from data.child import Reporter
from data.disk import read_json
from data.errors import Stopped, UserError
from data.leakage import question_key
from data.schema import Document
from data.workspace import Workspace
from eval import bench, cells, choice, gold, grid, grid_work, measured, stamps, tuning
from eval.cells import Cut
from eval.choice import Measured, Setting
from eval.gold import Question, Quote
from eval.halves import halves
from eval.retrieval import Outcome
from eval.significance import sign_flip
from eval.statistics import standard_error
from eval.systems import METHOD, K, Parts, corner, searched, settle
from rag import draft, knowledge, orders
from rag.chunk import chunk
from rag.files import open_knowledge
from rag.marks import add_mark
from rag.retrieve import KnowledgeRetriever
from rag.settings import METHODS, BuildConfig, tuned
from tests.hashing import TOKENIZER, HashEmbedder, fake

WORDS = ["amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "jetty", "knoll", "ledge"]
SETTINGS = BuildConfig(chunk_tokens=32, embedder="hash")
SMALL = {"chunk_tokens": (16, 32), "overlap_tokens": (0, 4), "ks": (1, 3)}


def sentence(word: str, number: int) -> str:
    return f"The {word} house number {number} is kept by the family {word}son since the year {1800 + number}."


def page(word: str) -> str:
    return f"# About {word}\n\n" + " ".join(sentence(word, number) for number in range(4)) + "\n"


@pytest.fixture
def base(workspace: Workspace, tmp_path: Path) -> Path:
    """Knowledge base K of twelve documents; returns a file of 24 questions with their evidence, two a document."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for word in WORDS:
        (folder / f"{word}.md").write_text(page(word))
    knowledge.build(workspace, "K", [folder], SETTINGS, fake())
    rows = [
        {"id": f"{word}-{number}", "question": f"Who keeps the {word} house number {number}?",
         "answers": [f"the family {word}son"], "document": f"{word}.md", "evidence": sentence(word, number)}
        for word in WORDS for number in (0, 3)
    ]  # fmt: skip
    file = tmp_path / "validation.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def ordered(workspace: Workspace, base: Path, **values: Any) -> jobs.Run:
    return grid.order(workspace, grid.GridOrder("K", str(base), **{**SMALL, **values}))


def finished(workspace: Workspace, run: jobs.Run, load: Any = None) -> dict[str, Any]:
    return grid_work.work(workspace, run, Reporter(run), load or (lambda name: fake()))


# --- the test set -----------------------------------------------------------------------------------------------------


def test_gold_follows_the_text_into_every_cutting() -> None:
    document = Document("cedar.md", page("cedar"), "", "")
    wanted = sentence("cedar", 2)
    question = Question("q", "Which?", (Quote("cedar.md", wanted),), ("1802",))
    found = gold.locate([question], {document.id: document.text})
    ((name, start, end),) = found.places["q"]
    assert (name, document.text[start:end]) == ("cedar.md", wanted)
    for size, overlap in ((16, 0), (32, 0), (32, 8), (200, 0)):
        passages = chunk(document, TOKENIZER, size, overlap)
        right = gold.gold_of(passages, found.places, {"q": question.answers})["q"]
        assert right
        for passage in passages:
            shared = max(0, min(end, passage.end) - max(start, passage.start))
            assert (passage.id in right) == ("1802" in passage.text or 2 * shared >= end - start)


def test_evidence_is_found_whatever_its_white_space_and_what_is_not_there_is_left_out() -> None:
    there, gone = Question("1", "?", (Quote("", "two three"),)), Question("2", "?", (Quote("a.md", "five"),))
    found = gold.locate([there, gone], {"a.md": "One two\n\nthree four."})
    assert found.places == {"1": (("a.md", 4, 14),)}
    assert found.missing == ("2",)


def test_marks_that_ask_the_same_are_one_question(workspace: Workspace, base: Path) -> None:
    for number in (0, 1):
        start = page("cedar").index(sentence("cedar", number))
        add_mark(workspace, "K", "Who keeps  them?", "cedar.md", start, start + 9, page("cedar")[start : start + 9])
    questions, unusable = gold.read(workspace, gold.MARKS, "K")
    assert (len(questions), len(questions[0].quotes), unusable) == (1, 2, 0)
    assert len(gold.locate(questions, open_knowledge(workspace, "K").texts).places[questions[0].id]) == 2


def test_rows_without_evidence_are_counted_and_a_file_without_any_is_refused(
    workspace: Workspace, base: Path, tmp_path: Path
) -> None:
    rows = [*base.read_text().splitlines(), json.dumps({"question": "Why?", "answer": "so"})]
    base.write_text("\n".join(rows))
    questions, unusable = gold.read(workspace, str(base), "K")
    assert (len(questions), unusable) == (24, 1)
    bare = tmp_path / "bare.jsonl"
    bare.write_text(rows[-1])
    with pytest.raises(UserError, match="evidence"):
        gold.read(workspace, str(bare), "K")


# --- choosing ---------------------------------------------------------------------------------------------------------


def some(setting: Setting, ranks: Sequence[int | None], tokens: int) -> Measured:
    found = {f"q{n}": Outcome((rank,) if rank else (), 1) for n, rank in enumerate(ranks)}
    return Measured(setting, found, dict.fromkeys(found, tokens))


def test_the_choice_prefers_short_prompts_among_settings_that_are_as_good() -> None:
    clusters = {f"q{n}": str(n) for n in range(40)}
    long = some(Setting(160, 0, "fused", 8), [1] * 39 + [7], 1000)
    short = some(Setting(160, 0, "fused", 4), [1] * 39 + [None], 500)
    bad = some(Setting(160, 0, "bm25", 1), [1] * 20 + [None] * 20, 100)
    best, chosen, why = choice.choose([long, short, bad], clusters, "mrr")
    assert (best, chosen) == (long, short)
    assert "within one standard error" in why
    best, chosen, _ = choice.choose([long, bad], clusters, "mrr")
    assert best is chosen is long


def test_with_one_group_of_questions_the_best_is_chosen_and_not_the_shortest() -> None:
    good = some(Setting(160, 0, "fused", 4), [1, 1, 1], 500)
    useless = some(Setting(160, 0, "bm25", 1), [None] * 3, 100)
    best, chosen, why = choice.choose([good, useless], dict.fromkeys(good.found, "one document"), "mrr")
    assert best is chosen is good
    assert "one group of questions" in why


def test_the_reported_figure_is_never_the_one_that_was_chosen_on() -> None:
    """A setting that is right exactly on the choosing half is chosen, and found out on the other."""
    clusters = {f"q{n}": str(n) for n in range(80)}
    first, second = halves(clusters)
    lucky = some(Setting(80, 0, "dense", 4), [1 if f"q{n}" in first else None for n in range(80)], 100)
    used = some(Setting(160, 0, "fused", 4), [2] * 80, 200)
    told = choice.result([used, lucky], used.setting, clusters, "mrr")
    row = next(row for row in told["rows"] if row["chosen"])
    assert (row["method"], row["mrr"]["mean"]) == ("dense", 1)
    assert told["held_out"]["chosen"]["mrr"]["mean"] == 0
    assert told["held_out"]["differences"]["mrr"]["mean"] == pytest.approx(-0.5)
    assert told["held_out"]["differences"]["mrr"]["p"] < 0.01
    assert "worse on questions they were not chosen on" in told["held_out"]["sentences"][0]
    assert (told["chosen_on"]["n"], told["reported_on"]["n"]) == (len(first), len(second))


def test_few_questions_are_indicative_only_and_have_no_p_value() -> None:
    clusters = {f"q{n}": str(n) for n in range(30)}
    new, old = some(Setting(80, 0, "dense", 2), [1] * 30, 100), some(Setting(160, 0, "fused", 8), [4] * 30, 200)
    told = choice.result([old, new], old.setting, clusters, "mrr")["held_out"]
    assert told["differences"]["mrr"]["p"] is None
    assert told["sentences"][0].startswith("Indicative only")
    assert "by itself" in told["sentences"][1], "another k finds more or less by itself, and that is said"


def test_random_signs_agree_with_the_exact_count() -> None:
    first, groups = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0], list("abcdef")
    assert sign_flip(first, [0.0] * 6, groups) == pytest.approx(2 / 32, abs=0.01), "of 2^5 signs two are as far"
    assert sign_flip(first, first, groups) == 1
    grouped = sign_flip(first, [0.0] * 6, ["a", "a", "a", "b", "b", "b"])
    assert grouped == pytest.approx(0.5, abs=0.02), "two groups: of four signs two are as far"


def test_the_standard_error_is_the_textbook_one_and_grows_with_grouping() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    alone = standard_error(values, list("abcdef"))
    assert alone == pytest.approx(np.std(values, ddof=1) / np.sqrt(6))
    assert standard_error([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], list("aaabbb")) > standard_error(
        [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], list("abcdef")
    )
    assert standard_error([1.0, 2.0], ["a", "a"]) == float("inf")


# --- the job ----------------------------------------------------------------------------------------------------------


def test_a_draft_ranks_as_the_published_version_searches(workspace: Workspace, base: Path) -> None:
    built, embedder = open_knowledge(workspace, "K"), fake()
    drafted = draft.draft(workspace, built, draft.cut(workspace, built, SETTINGS, embedder, quiet), embedder, quiet)
    assert embedder.model == [], "what the version holds is not embedded again"
    asked = [f"Who keeps the {word} house?" for word in WORDS[:5]]
    ranked = draft.rankings(drafted, asked, embedder.embed_questions(asked), METHODS)
    for method in METHODS:
        wanted = KnowledgeRetriever(built, embedder, method).search(asked, 7)
        found = [[drafted.passages[place].id for place in row[:7]] for row in ranked[method]]
        assert found == [[hit.passage.id for hit in row] for row in wanted]


def quiet(done: float, total: float, text: str) -> None:
    """No report."""


def test_a_grid_measures_every_setting_and_publishes_nothing(workspace: Workspace, base: Path) -> None:
    run = ordered(workspace, base)
    summary = finished(workspace, run)
    told = grid.result(run)
    settings = {tuple(row[part] for part in choice.PARTS) for row in told["rows"]}
    wanted = {(size, overlap, m, k) for size in (16, 32) for overlap in (0, 4) for m in METHODS for k in (1, 3)}
    assert settings == wanted | {(32, 0, METHOD, K)}
    assert all(row["mrr"]["n"] == told["chosen_on"]["n"] for row in told["rows"])
    assert told["chosen_on"]["n"] + told["reported_on"]["n"] == 24
    assert sum(row["chosen"] for row in told["rows"]) == sum(row["current"] for row in told["rows"]) == 1
    assert summary["sentences"] == told["held_out"]["sentences"]
    assert open_knowledge(workspace, "K").ref == "K@1"
    assert [row["chunk_tokens"] for row in jobs.curve(run)] == [32, 16, 16, 32]


def test_the_figures_are_those_of_measuring_the_version_itself(workspace: Workspace, base: Path) -> None:
    run = ordered(workspace, base)
    finished(workspace, run)
    cell = cells.load(run.folder, Cut(32, 0))
    direct = measured.measure(workspace, "K", str(base), 3, "bm25", lambda name: fake())
    usable = set(cell["gold"])
    one = cells.measured(Cut(32, 0), cell, "bm25", 3, usable)
    assert direct["measures"]["hit"]["n"] == len(usable) == 24
    assert direct["measures"]["mrr"]["mean"] == pytest.approx(
        sum(choice.values(one.found, "mrr", 3)) / 24, abs=1e-6
    )  # fmt: skip


class StopAfter(HashEmbedder):
    """Leaves the stop mark while it embeds the second cutting."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if len(list((RUN[0].folder / "cells").glob("*.json"))) >= 2:
            jobs.request_stop(RUN[0])
        return super().embed(texts)


RUN: list[jobs.Run] = []


def test_a_stopped_grid_goes_on_and_repeats_no_finished_cutting(workspace: Workspace, base: Path) -> None:
    run = ordered(workspace, base)
    RUN[:] = [run]
    stopping = StopAfter(**{name: getattr(fake(), name) for name in fake().__dataclass_fields__})
    with pytest.raises(Stopped):
        finished(workspace, run, lambda name: stopping)
    kept = {path.name: path.stat().st_mtime_ns for path in (run.folder / "cells").glob("*.json")}
    assert 2 <= len(kept) < 4
    with pytest.raises(UserError, match="no result yet"):
        grid.result(run)
    (run.folder / "stop").unlink()
    finished(workspace, run)
    again = {path.name: path.stat().st_mtime_ns for path in (run.folder / "cells").glob("*.json")}
    assert kept.items() < again.items()
    whole = ordered(workspace, base)
    embedder = fake()
    finished(workspace, whole, lambda name: embedder)
    assert embedder.model == [], "a second grid embeds nothing"
    assert grid.result(whole)["rows"] == grid.result(run)["rows"]


@pytest.mark.parametrize(
    ("values", "says"),
    [({"chunk_tokens": (300,)}, "reads 254"), ({"ks": (0,)}, "0 passages"), ({"methods": ("magic",)}, "magic"),
     ({"criterion": "luck"}, "luck"), ({"ks": ()}, "at least one of each"), ({"chunk_tokens": (8,)}, "chunk tokens")],
)  # fmt: skip
def test_what_cannot_be_tried_is_refused_when_it_is_ordered(
    workspace: Workspace, base: Path, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(UserError) as error:
        ordered(workspace, base, **values)
    assert says in str(error.value)


def test_questions_about_other_documents_are_refused(workspace: Workspace, base: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"question": "Who?", "answer": "Ada", "evidence": "Ada did it."}))
    with pytest.raises(UserError, match="The gold text of 0 of 1 questions is in"):
        ordered(workspace, other)


def test_questions_that_all_rest_on_the_same_words_are_refused_before_anything_is_measured(
    workspace: Workspace, base: Path, tmp_path: Path
) -> None:
    same = tmp_path / "same.jsonl"
    rows = [{"question": f"What is number {n}?", "answer": "kept", "evidence": sentence("cedar", 1)} for n in range(4)]
    same.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(UserError, match="All 4 questions that can be used ask the same, or rest on the same"):
        ordered(workspace, same)
    assert jobs.list_runs(workspace, "grid") == []


def test_a_cutting_that_cannot_be_had_is_named(workspace: Workspace, base: Path) -> None:
    assert grid.not_tried((80, 160), (0, 40), Cut(160, 0)) == (
        "Not tried (size/overlap): 80/40, for an overlap must be less than half of the size."
    )
    assert grid.not_tried((160,), (0, 40), Cut(160, 0)) == ""
    assert grid.not_tried((80,), (40,), Cut(80, 40)) == "", "what is in use is tried"
    run = ordered(workspace, base, overlap_tokens=(0, 8), methods=("bm25",), ks=(1,))
    finished(workspace, run)
    told = grid.result(run)
    assert told["notes"] == ["Not tried (size/overlap): 16/8, for an overlap must be less than half of the size."]
    assert {(row["chunk_tokens"], row["overlap_tokens"]) for row in told["rows"]} == {(16, 0), (32, 0), (32, 8)}
    assert tuning.as_text(told).endswith(told["notes"][0])


def test_figures_say_when_a_set_was_searched_exactly_that_single_questions_are_not(
    workspace: Workspace, base: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in base.read_text().splitlines()]
    many = [{**row, "id": f"{row['id']} {n}", "question": f"{n}: {row['question']}"} for row in rows for n in (1, 2)]
    (tmp_path / "many.jsonl").write_text("\n".join(map(json.dumps, many)))
    settings = replace(SETTINGS, exact_up_to=5)
    record = knowledge.build(workspace, "A", [tmp_path / "docs"], settings, fake()).artifact.manifest()["index"]
    assert record["kind"] == "IndexHNSWFlat"
    found = f"{100 * record['recall_at_10']:.1f} % of the ten nearest passages of {record['measured_on']} probes"

    def said(name: str, questions: Path, method: str) -> str:
        told = measured.measure(workspace, name, str(questions), 3, method, lambda _: fake())
        assert told["note"] == "" or f"Note: {told['note']}." in measured.as_lines(told)
        return told["note"]

    for method in ("dense", "fused"):
        assert said("A", tmp_path / "many.jsonl", method) == (
            "these 48 questions were searched at once, and so exactly; a single question is searched approximately, "
            f"which found {found}"
        )
    assert said("A", tmp_path / "many.jsonl", "bm25") == ""
    assert said("A", base, "dense") == "", "24 are asked one by one"
    assert said("K", tmp_path / "many.jsonl", "dense") == "", "an exact index"
    parts = Parts(knowledge="A", method="dense")
    run = bench.order(workspace, bench.BenchOrder("b", str(tmp_path / "many.jsonl"), parts, ("rag",)))
    assert run.order["inputs"]["flags"]["rag"][0].startswith("A@1: these 48 questions were searched at once")
    run = grid.order(workspace, grid.GridOrder("A", str(base), (32,), (0,), ("dense",), (1,)))
    finished(workspace, run)
    assert "Above 5 passages a knowledge base searches approximately" in grid.result(run)["notes"][0]


# --- adopting ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def adopted(workspace: Workspace, base: Path) -> jobs.Run:
    """The grid's run, after its choice was made K's own (as K@2)."""
    run = ordered(workspace, base, chunk_tokens=(16,), overlap_tokens=(0,), methods=("bm25",), ks=(3,))
    finished(workspace, run)
    told = read_json(run.folder / "result.json")
    (run.folder / "result.json").unlink()
    assert told["rows"][-1]["chunk_tokens"] == 16
    jobs.write_json(run.folder / "result.json", {**told, "chosen": told["rows"][-1]})  # whichever won
    change = grid.adopt(workspace, run)
    orders.work(workspace, lambda name: fake())(change, Reporter(change))
    return run


def test_adopting_makes_a_version_whose_settings_are_the_defaults(workspace: Workspace, adopted: jobs.Run) -> None:
    made = open_knowledge(workspace, "K")
    assert (made.ref, made.manifest["settings"]["chunk_tokens"]) == ("K@2", 16)
    assert made.manifest["counts"]["embedded"] == 0, "the grid had embedded these passages already"
    own = tuned(made.manifest)
    assert own is not None
    assert (own.method, own.k, own.run, len(own.questions)) == ("bm25", 3, adopted.id, 24)
    assert question_key("who keeps the AMBER house number 0?") in own.questions
    (system,) = settle(workspace, [corner("rag", Parts(knowledge="K"))])
    assert (system.k, system.method) == (3, "bm25")
    (chosen,) = settle(workspace, [corner("rag", Parts(knowledge="K", k=9, method="dense"))])
    assert (chosen.k, chosen.method) == (9, "dense"), "what the user says counts"
    (before,) = settle(workspace, [corner("rag", Parts(knowledge="K@1"))])
    assert (before.k, before.method) == (K, METHOD)
    assert searched(made.manifest)[2] == f"tuned on 24 questions, run {adopted.id}"


def test_measuring_with_the_questions_of_the_tuning_says_so(
    workspace: Workspace, base: Path, adopted: jobs.Run
) -> None:
    told = measured.measure(workspace, "K", str(base), 3, "bm25", lambda name: fake())
    assert told["tuned_on"] == 24
    assert "Its settings were tuned on 24 of these questions: the figures flatter them." in measured.as_lines(told)
    before = measured.measure(workspace, "K@1", str(base), 3, "bm25", lambda name: fake())
    assert before["tuned_on"] == 0
    assert not any("flatter" in line for line in measured.as_lines(before))


def test_own_settings_stay_while_documents_change_and_go_when_they_are_cut_otherwise(
    workspace: Workspace, adopted: jobs.Run, tmp_path: Path
) -> None:
    (tmp_path / "new.md").write_text("# New\n\nA new house.")
    assert tuned(knowledge.add(workspace, "K", [tmp_path / "new.md"], fake()).artifact.manifest())
    assert tuned(knowledge.remove(workspace, "K", ["new.md"], fake()).artifact.manifest())
    built = knowledge.build(workspace, "K", [tmp_path / "docs"], SETTINGS, fake())
    assert tuned(built.artifact.manifest()) is None
    assert any("search settings not kept" in warning for warning in built.warnings)


def test_adopting_twice_changes_nothing(workspace: Workspace, adopted: jobs.Run) -> None:
    change = grid.adopt(workspace, adopted)
    orders.work(workspace, lambda name: fake())(change, Reporter(change))
    assert open_knowledge(workspace, "K").ref == "K@2"


# --- a test set that overlaps -----------------------------------------------------------------------------------------


def compared(workspace: Workspace, file: Path, reference: str) -> jobs.Run:
    parts = Parts(knowledge=reference)
    return bench.order(workspace, bench.BenchOrder("b", str(file), parts, ("rag",), allow_leakage=True))


def test_a_bench_says_when_its_questions_are_those_of_the_tuning(
    workspace: Workspace, adopted: jobs.Run, base: Path, tmp_path: Path
) -> None:
    rows = base.read_text().splitlines()[:5]
    fresh = [json.dumps({"question": f"What is new about {word}?", "answer": "all"}) for word in WORDS[:7]]
    (tmp_path / "mixed.jsonl").write_text("\n".join(rows + fresh))
    (tmp_path / "fresh.jsonl").write_text("\n".join(fresh))
    mixed = compared(workspace, tmp_path / "mixed.jsonl", "K")
    assert stamps.tuned_on(mixed) == [
        f"5 of 12 test questions are among those that K@2 was tuned on (run {adopted.id}): its scores here look better "
        "than they would on new questions."
    ]
    assert stamps.tuned_on(compared(workspace, tmp_path / "fresh.jsonl", "K")) == []
    assert stamps.tuned_on(compared(workspace, tmp_path / "mixed.jsonl", "K@1")) == [], "K@1 was not tuned"


def test_no_argument_of_a_verb_takes_the_place_of_its_function() -> None:
    from eval.__main__ import parser

    lines = (["adopt", "r"], ["grid", "K", "--marks"], ["retrieval", "K", "--questions", "f", "-k", "3"])
    assert [callable(parser().parse_args(line).run) for line in lines] == [True] * 3
