"""Knowledge bases: passages one can trust, versions that never change, search that finds, answers that fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import store
from data.errors import Stopped, UserError
from data.schema import Answer, Conversation, DecodeSettings, Document, Example, Generation, Hit, Passage
from data.workspace import Workspace, open_workspace
from rag import index, knowledge, lexical
from rag.answerer import BestSentence, OpenBook, by_search, gold, sentences
from rag.chunk import chunk, in_context
from rag.embed import Embedder
from rag.found import nothing_relevant
from rag.knowledge import open_knowledge
from rag.retrieve import KnowledgeRetriever, fuse
from rag.settings import PACKAGED, BuildConfig
from tests.hashing import DIM, TOKENIZER, fake

HOME = Path(__file__).resolve().parents[1]

SETTINGS = BuildConfig(chunk_tokens=32, embedder="hash")
TEXTS = {
    "lamp.md": "# Lamp\n\nThe lamp costs twelve crowns.\n\n## Warranty\n\nIt lasts three years.",
    "kettle.md": "# Kettle\n\nThe kettle boils in four minutes.\n\n## Warranty\n\nIt lasts five years.",
    "hours.txt": "The shop opens at nine. The shop closes at six.",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "home")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path / "docs"


def document(text: str, name: str = "a.md", page_starts: tuple[int, ...] = ()) -> Document:
    return Document(name, text, "", "", page_starts)


# --- passages ---------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "# Head\n",
        "## Sub\n",
        "\n\n",
        "\n",
        " ",
        "word ",
        "A sentence. ",
        "可愛い猫。",
        "e\u0301🙂",
        "|a|b|\n",
        "```\n",
        "#x ",
        "x" * 90,
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(PIECES, max_size=60).map("".join),
    st.sampled_from(["a.md", "a.txt"]),
    st.integers(16, 40),
    st.integers(0, 8),
)
def test_every_passage_is_a_slice_that_the_embedder_can_read(text: str, name: str, size: int, overlap: int) -> None:
    passages = chunk(document(text, name), TOKENIZER, size, overlap)
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text.strip()
        assert len(TOKENIZER.encode(in_context(passage), add_special_tokens=False)) <= size
    kept = set().union(*(range(passage.start, passage.end) for passage in passages))
    lost = "".join(letter for place, letter in enumerate(text) if place not in kept).split("\n")
    assert all(not line.strip() or line.strip().startswith("#") for line in lost)


def test_headings_become_the_breadcrumb() -> None:
    text = "# Lamp\n\nIntro.\n\n## Warranty\n\nThree years.\n\n```\n# a comment\n```\n\n# Kettle\n\n## Care\n"
    found = [(passage.heading, passage.text) for passage in chunk(document(text), TOKENIZER)]
    assert found[0] == ("Lamp", "Intro.")
    assert found[1][0] == "Lamp > Warranty"
    assert "# a comment" in found[1][1]
    assert found[2] == ("Kettle", "## Care")
    assert in_context(chunk(document(text), TOKENIZER)[0]) == "Lamp: Intro."


def test_long_paragraphs_end_at_sentences_and_pages_are_known() -> None:
    text = "Istanbul's people came from many lands. " * 20
    passages = chunk(document(text + "\n\n" + text, "a.pdf", (0, len(text) + 2)), TOKENIZER, 64)
    assert all(passage.text.endswith(".") for passage in passages)
    assert {passage.page for passage in passages} == {1, 2}


def test_a_passage_keeps_its_id_when_others_change() -> None:
    before = {passage.id for passage in chunk(document("# A\n\nSame.\n\n# B\n\nSame."), TOKENIZER)}
    after = {passage.id for passage in chunk(document("# New\n\nFirst.\n\n# A\n\nSame.\n\n# B\n\nSame."), TOKENIZER)}
    assert len(before) == 2
    assert before < after


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_vector_search_is_exact_and_survives_bad_queries() -> None:
    vectors = fake().embed_questions(["red lamp", "blue kettle", "green door"])
    found = index.nearest(index.exact(vectors), np.stack([vectors[1], np.full(DIM, np.nan, np.float32)]), 10)
    assert len(found[0]) == 3
    assert found[0][0] == (1, pytest.approx(1.0, abs=1e-5))
    assert found[1] == []


def test_word_search_finds_stems_and_single_characters_but_never_unknown_words() -> None:
    words = lexical.make(["The lamps were shining", "kettles boil", "東京の天気は晴れです", "..."])
    assert [place for place, _ in lexical.best(words, "lamp shine", 10)] == [0]
    assert [place for place, _ in lexical.best(words, "天気", 10)] == [2]
    assert lexical.best(words, "zebra", 10) == []
    assert lexical.best(words, "?!", 10) == []
    assert lexical.best(lexical.make(["...", "!"]), "anything", 3) == []


def test_fusing_prefers_what_both_lists_hold() -> None:
    assert [place for place, _ in fuse([[(7, 0.9), (1, 0.8)], [(1, 12.0), (9, 3.0)]])] == [1, 7, 9]
    assert fuse([[(4, 0.5)], []]) == [(4, 1 / 61)]


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_built_base_reads_back_what_was_put_in(workspace: Workspace, documents: Path) -> None:
    built = knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    base = open_knowledge(workspace, "K")
    assert built.summary()["knowledge"] == base.ref == "K@1"
    assert {one.id: one.text for one in base.documents} == TEXTS
    assert base.vectors.shape == (built.passages, DIM)
    np.testing.assert_allclose(np.linalg.norm(base.vectors, axis=1), 1, atol=1e-5)
    manifest = base.manifest
    assert manifest["counts"] == {"documents": 3, "passages": 5, "embedded": 5, "cached": 0, "taken_over": 0}
    assert set(manifest["stored"]) > {"documents.jsonl", "passages.jsonl", "vectors.safetensors", "index.faiss"}


def test_adding_embeds_only_what_is_new_and_old_versions_stay(workspace: Workspace, documents: Path) -> None:
    embedder = fake()
    knowledge.build(workspace, "K", [documents], SETTINGS, embedder)
    embedder.model.clear()
    (documents / "lamp.md").write_text(TEXTS["lamp.md"].replace("twelve", "thirteen"))
    built = knowledge.add(workspace, "K", [documents / "lamp.md"], embedder)
    assert embedder.model == ["Lamp: The lamp costs thirteen crowns."]
    assert (built.artifact.ref, built.embedded, built.documents) == ("K@2", 1, 3)
    assert "twelve" in open_knowledge(workspace, "K@1").documents[2].text
    assert knowledge.add(workspace, "K", [documents / "lamp.md"], embedder).artifact.ref == "K@2"
    fresh = knowledge.build(workspace, "fresh", [documents], SETTINGS, fake())
    one, other = open_knowledge(workspace, "K"), open_knowledge(workspace, fresh.artifact.ref)
    assert one.passages == other.passages
    np.testing.assert_array_equal(one.vectors, other.vectors)


def test_removing_and_rolling_back(workspace: Workspace, documents: Path) -> None:
    embedder = fake()
    knowledge.build(workspace, "K", [documents], SETTINGS, embedder)
    removed = knowledge.remove(workspace, "K", ["kettle.md"], embedder)
    assert (removed.artifact.ref, removed.embedded) == ("K@2", 0)
    assert "kettle.md" not in {hit.passage.document for hit in found(workspace, "K", embedder, "kettle boils")}
    store.point(workspace, "knowledge", "K", 1)
    assert found(workspace, "K", embedder, "kettle boils")[0].passage.document == "kettle.md"
    with pytest.raises(UserError, match=r"no document 'kettles.md'"):
        knowledge.remove(workspace, "K", ["kettles.md"], embedder)
    with pytest.raises(UserError, match="without documents"):
        knowledge.remove(workspace, "K", list(TEXTS), embedder)


def found(workspace: Workspace, ref: str, embedder: Embedder, question: str, method: str = "fused") -> list[Hit]:
    return KnowledgeRetriever(open_knowledge(workspace, ref), embedder, method).search([question], 5)[0]


def test_a_stop_before_publishing_leaves_the_last_version(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    (documents / "new.txt").write_text("Something new.")

    def stop_when_writing(done: float, total: float, text: str) -> None:
        if text == "writing":
            raise Stopped()

    with pytest.raises(Stopped):
        knowledge.add(workspace, "K", [documents / "new.txt"], fake(), stop_when_writing)
    assert len(open_knowledge(workspace, "K").documents) == 3
    assert store.versions(workspace, "knowledge", "K") == [1]
    assert not [path for path in workspace.folder("knowledge").iterdir() if path.name.startswith(".staging")]


KILLED = """
import os, signal, sys
sys.path.insert(0, "tests")
from data.workspace import open_workspace
from test_rag import Path, fake, knowledge

def die(done, total, text):
    if text == "publishing":
        os.kill(os.getpid(), signal.SIGKILL)

knowledge.add(open_workspace(), "K", [Path(sys.argv[1])], fake(), die)
"""


def test_a_kill_between_writing_and_publishing_leaves_the_last_version(workspace: Workspace, documents: Path) -> None:
    embedder = fake()
    knowledge.build(workspace, "K", [documents], SETTINGS, embedder)
    (documents / "new.txt").write_text("Something new.")
    environment = {**os.environ, "CROSSOVER_HOME": str(workspace.root), "PYTHONPATH": str(HOME)}
    command = [sys.executable, "-c", KILLED, str(documents / "new.txt")]
    killed = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, timeout=60, check=False)
    assert killed.returncode == -9, killed.stderr
    assert store.names(workspace, "knowledge") == ["K"]
    assert (open_knowledge(workspace, "K").ref, len(open_knowledge(workspace, "K").documents)) == ("K@1", 3)
    assert knowledge.add(workspace, "K", [documents / "new.txt"], embedder).artifact.ref == "K@2"


def test_two_additions_at_once_lose_nothing(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "K", [documents / "hours.txt"], SETTINGS, fake())
    names = ["lamp.md", "kettle.md"]
    adders = [threading.Thread(target=knowledge.add, args=(workspace, "K", [documents / n], fake())) for n in names]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    assert {one.id for one in open_knowledge(workspace, "K").documents} == set(TEXTS)
    assert store.versions(workspace, "knowledge", "K") == [1, 2, 3]


def test_files_that_cannot_be_read_are_reported_and_none_at_all_is_an_error(
    workspace: Workspace, documents: Path
) -> None:
    (documents / "empty.md").write_bytes(b"")
    built = knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    assert [one.file for one in built.refused] == ["empty.md"]
    with pytest.raises(UserError, match=r"empty\.md is empty"):
        knowledge.build(workspace, "K", [documents / "empty.md"], SETTINGS, fake())
    assert store.versions(workspace, "knowledge", "K") == [1]


def test_a_table_added_again_takes_the_place_of_all_its_old_rows(workspace: Workspace, documents: Path) -> None:
    table, settings = documents / "prices.csv", BuildConfig(32, 0, "hash", "about")
    table.write_text("id,about\n1,A red lamp.\n2,A blue pot.\n3,A green kettle.\n")
    knowledge.build(workspace, "K", [documents], settings, fake())
    embedder = fake()
    table.write_text("id,about\n2,A blue pot.\n4,A white cup.\n")
    knowledge.add(workspace, "K", [table], embedder)
    base = open_knowledge(workspace, "K")
    texts = {one.id: one.text for one in base.documents if one.file == "prices.csv"}
    assert texts == {"prices.csv#1": "A blue pot.", "prices.csv#2": "A white cup."}
    assert embedder.model == ["A white cup."], "only the new row is embedded"
    record = base.manifest["files"]["prices.csv#1"]
    assert (record["file"], record["characters"], record["characters_in"]) == ("prices.csv", 11, 38)
    assert record["warnings"] == ["columns left out: id"]
    assert base.manifest["warnings"] == ["prices.csv: columns left out: id"]
    knowledge.remove(workspace, "K", ["prices.csv"], embedder)
    assert {one.id for one in open_knowledge(workspace, "K").documents} == set(TEXTS)


def test_another_embedder_is_refused_and_another_number_format_is_noted(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    base = open_knowledge(workspace, "K")
    with pytest.raises(UserError, match="cannot be compared"):
        KnowledgeRetriever(base, fake(weights="w2"))
    with pytest.raises(UserError, match="cannot be compared"):
        knowledge.add(workspace, "K", [documents], fake(weights="w2"))
    assert "bfloat16" in KnowledgeRetriever(base, fake(dtype="bfloat16")).note
    assert KnowledgeRetriever(base, fake()).note == ""


def test_a_changed_file_is_noticed_and_building_again_is_the_way_out(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    path = open_knowledge(workspace, "K").artifact.path / "index.faiss"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="was changed"):
        found(workspace, "K", fake(), "lamp")
    texts = open_knowledge(workspace, "K").artifact.path / "passages.jsonl"
    texts.write_text("")
    assert knowledge.build(workspace, "K", [documents], SETTINGS, fake()).artifact.ref == "K@2"
    assert found(workspace, "K", fake(), "lamp")


def test_passages_never_exceed_the_embedder_even_when_asked_to(workspace: Workspace, documents: Path) -> None:
    (documents / "long.txt").write_text("A sentence of some words. " * 100)
    built = knowledge.build(workspace, "K", [documents], BuildConfig(500, 0, embedder="hash"), fake(max_tokens=50))
    lengths = [len(TOKENIZER.encode(in_context(one)).ids) for one in open_knowledge(workspace, "K").passages]
    assert max(lengths) <= 52
    assert "cut to 50 tokens" in built.warnings[-1]


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["dense", "bm25", "fused"])
def test_each_method_finds_the_passage_by_its_breadcrumb(workspace: Workspace, documents: Path, method: str) -> None:
    knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    hits = found(workspace, "K", fake(), "kettle warranty lasts years", method)
    assert (hits[0].passage.document, hits[0].passage.text) == ("kettle.md", "It lasts five years.")
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert found(workspace, "K", fake(), "  ", method) == []


def test_nothing_relevant_is_said_only_where_it_was_measured() -> None:
    assert nothing_relevant(0.1, PACKAGED)
    assert not nothing_relevant(0.6, PACKAGED)
    assert not nothing_relevant(0.1, "some/other-model")


def test_the_packaged_embedder_and_the_whole_path(workspace: Workspace, documents: Path) -> None:
    embedder = Embedder.load()
    assert (embedder.dim, embedder.max_tokens) == (384, 254)
    near, same, far = embedder.embed(["The lamp costs 12.", "The price of the lamp is 12.", "Rain fell on the hills."])
    assert near.dtype == np.float32
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-5)
    assert near @ same > 0.8 > 0.3 > near @ far
    assert embedder.embed([]).shape == (0, 384)
    assert len(embedder.tokenizer.encode("word " * 1000).ids) > 1000
    knowledge.build(workspace, "K", [documents], BuildConfig(), embedder)
    retriever = KnowledgeRetriever(open_knowledge(workspace, "K"), embedder)
    about, off = retriever.find(["When does the shop open?", "Who wrote the opera about a barber in Seville?"], 2)
    assert about.relevant
    assert about.hits[0].passage.document == "hours.txt"
    assert not off.relevant
    floor = BestSentence(by_search(retriever, 1), embedder).answer(
        [Example("1", "When does the shop close?", ("six",))]
    )
    assert floor[0].text == "The shop closes at six."


def test_an_embedder_that_is_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="nobody/no-such-embedder"):
        Embedder.load("nobody/no-such-embedder")


# --- answers ----------------------------------------------------------------------------------------------------------


class Echo:
    """A model whose tokens are words, that answers with its prompt's last line, two rows a batch."""

    def __init__(self, window: int) -> None:
        self.window = window

    def count(self, conversation: Conversation) -> int:
        return sum(len(message.content.split()) for message in conversation)

    def score(self, conversations: Sequence[Conversation], answers: Sequence[str]) -> None:
        return None

    def generate(
        self,
        conversations: Sequence[Conversation],
        settings: DecodeSettings,
        on_text: Any = None,
        on_generated: Any = None,
    ) -> list[Generation]:
        rows = [self._one(conversation, settings) for conversation in conversations]
        for begin in range(0, len(rows), 2):
            if on_generated:
                on_generated(list(enumerate(rows))[begin : begin + 2])
        return rows

    def _one(self, conversation: Conversation, settings: DecodeSettings) -> Generation:
        used = self.count(conversation)
        if used + settings.max_new_tokens > self.window:
            return Generation("", used, 0, "over_budget", 0.0)
        return Generation(conversation[-1].content.split("\n")[-1], used, 3, "stop", 0.5)


def hit(rank: int, words: int) -> Hit:
    return Hit(rank, 1 / rank, Passage(str(rank), "a.md", "word " * words, 0, 0))


EXAMPLES = [Example(str(number), f"What is {number}?", ("x",)) for number in range(3)]


def test_the_lowest_passages_are_dropped_whole_until_the_prompt_fits() -> None:
    book = OpenBook(Echo(60), lambda examples: [[hit(1, 20), hit(2, 20), hit(3, 20)]] * 3, DecodeSettings(10))
    answers = book.answer(EXAMPLES)
    assert [answer.dropped for answer in answers] == [1, 1, 1]
    assert len(answers[0].hits) == 3
    prompt = answers[0].conversation[-1].content
    assert prompt.count("[1]") == 1
    assert "[2]" in prompt
    assert "[3]" not in prompt
    assert answers[1].text == "Question: What is 1?"
    assert answers[1].seconds >= 0.5


def test_a_question_too_long_by_itself_is_over_budget_and_not_cut() -> None:
    answer = OpenBook(Echo(8), lambda examples: [[hit(1, 3)]], DecodeSettings(6)).answer(EXAMPLES[:1])[0]
    assert (answer.finish_reason, answer.text, answer.dropped) == ("over_budget", "", 1)
    assert EXAMPLES[0].question in answer.conversation[-1].content


def test_gold_is_the_evidence_alone_and_its_absence_is_counted() -> None:
    examples = [Example("a", "Why?", ("x",), "d.md", "Because of rain."), *EXAMPLES[:2]]
    told: list[Answer] = []
    answers = OpenBook(Echo(100), gold, DecodeSettings(5)).answer(examples, told.extend)
    assert [answer.available for answer in answers] == [True, False, False]
    assert "Because of rain." in answers[0].conversation[-1].content
    assert sorted(told, key=lambda answer: answer.example) == sorted(answers, key=lambda answer: answer.example)


def test_the_floor_quotes_the_nearest_sentence() -> None:
    passage = Passage("p", "a.md", "# Head\nThe lamp is red! The kettle is blue. 天気は晴れ。Done", 0, 0)
    assert sentences(passage.text) == ["The lamp is red!", "The kettle is blue.", "天気は晴れ。", "Done"]
    floor = BestSentence(lambda examples: [[Hit(1, 1.0, passage)], []], fake())
    answers = floor.answer([Example("1", "kettle blue?", ("blue",)), Example("2", "nothing", ())])
    assert [answer.text for answer in answers] == ["The kettle is blue.", ""]


# --- the shell --------------------------------------------------------------------------------------------------------


def rag(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CROSSOVER_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "rag", *arguments]
    return subprocess.run(command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_build_and_search_from_the_shell(tmp_path: Path, documents: Path) -> None:
    home = tmp_path / "shell"
    labels = ("--tag", "shop", "--date", "2026-01-01")
    built = rag(home, "build", "--name", "K", "--documents", str(documents), *labels, "--json")
    assert built.returncode == 0, built.stderr
    result = json.loads(built.stdout.splitlines()[-1])
    assert (result["knowledge"], result["documents"], result["passages"]) == ("K@1", 3, 5)
    assert (result["embedded"], result["warnings"], result["refused"]) == (5, [], [])
    asked = ("search", "--name", "K", "How long is the warranty of the kettle?", "-k", "2", "--tag", "Shop")
    searched = rag(home, *asked, "--until", "2026-01-01", "--json")
    hits = json.loads(searched.stdout.splitlines()[-1])["hits"]
    assert (hits[0]["rank"], hits[0]["document"], hits[0]["text"]) == (1, "kettle.md", "It lasts five years.")
    assert hits[0]["origin"]["fused"] == hits[0]["score"]
    nothing = rag(home, *asked, "--document", "*.md", "--at-least", "0.99")
    assert nothing.returncode == 0, nothing.stderr
    assert "Nothing relevant was found in K@1." in nothing.stdout
    assert "score less than 0.99: 4 passages." in nothing.stdout
    torn = rag(home, "search", "--name", "K", "warranty \udcff kettle 🔥", "--json")
    assert json.loads(torn.stdout.splitlines()[-1])["hits"]
    empty = rag(home, "search", "--name", "K", " ")
    assert (empty.returncode, "The question is empty." in empty.stderr) == (2, True)
    long = rag(home, "search", "--name", "K", "kettle " * 5_000)
    assert (long.returncode, "35,000 characters; the limit" in long.stderr) == (2, True)
    missing = rag(home, "search", "--name", "L", "anything")
    assert missing.returncode == 2
    assert missing.stderr.startswith("Error: There is no knowledge base named 'L'.")
    nowhere = rag(home, "build", "--name", "K", "--documents", str(tmp_path / "nowhere"))
    assert (nowhere.returncode, "does not exist" in nowhere.stderr) == (2, True)


def test_reading_passages_loads_no_heavy_library(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "K", [documents], SETTINGS, fake())
    code = (
        "import sys; from data.workspace import open_workspace; from rag.knowledge import open_knowledge\n"
        "import rag.orders, rag.settings, rag.retrieve\n"
        "base = open_knowledge(open_workspace(), 'K'); base.passages, base.documents, base.vectors\n"
        "heavy = {'torch', 'faiss', 'transformers', 'sentence_transformers', 'bm25s'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    environment = {**os.environ, "CROSSOVER_HOME": str(workspace.root)}
    subprocess.run([sys.executable, "-c", code], cwd=HOME, env=environment, check=True, timeout=60)
