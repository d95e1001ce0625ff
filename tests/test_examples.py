"""Pairs in every shape people keep them in; bad rows are named, good ones kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest

from data import dataset
from data.errors import UserError
from data.examples import infer_task, load_examples, locate, read_examples, save_examples
from data.leakage import audit, question_key, refuse_unless_allowed
from data.schema import Example
from data.workspace import Workspace

PAIRS = [("Where is the key?", "under the mat"), ("Who has it?", "Ada")]
SHAPES: dict[str, Any] = {
    "question/answer": lambda q, a: {"question": q, "answer": a},
    "answers": lambda q, a: {"question": q, "answers": [a]},
    "ragas": lambda q, a: {"user_input": q, "reference": a},
    "deepeval": lambda q, a: {"input": q, "expected_output": a},
    "prompt/completion": lambda q, a: {"prompt": q, "completion": a},
    "messages": lambda q, a: {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": q},
            {"role": "assistant", "content": a},
        ]
    },
    "alpaca": lambda q, a: {"instruction": q, "input": "", "output": a},
    "sharegpt": lambda q, a: {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]},
}


def write_rows(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_pairs(tmp_path: Path, shape: str) -> None:
    path = write_rows(tmp_path / "pairs.jsonl", [SHAPES[shape](q, a) for q, a in PAIRS])
    assert [(e.question, e.answers[0]) for e in read_examples(path).examples] == PAIRS


@pytest.mark.parametrize("suffix", [".json", ".csv", ".tsv", ".parquet"])
def test_every_file_format_gives_the_same_pairs(tmp_path: Path, suffix: str) -> None:
    frame, path = pandas.DataFrame(PAIRS, columns=["question", "answer"]), tmp_path / f"pairs{suffix}"
    if suffix == ".json":
        frame.to_json(path, orient="records")
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    assert [(e.question, e.answers[0]) for e in read_examples(path).examples] == PAIRS


def test_squad_keeps_its_paragraph_as_evidence_and_knows_the_unanswerable(tmp_path: Path) -> None:
    qas = [
        {"id": "1", "question": "Where?", "answers": [{"text": "here", "answer_start": 3}, {"text": "right here"}]},
        {"id": "2", "question": "Why?", "answers": [], "is_impossible": True},
    ]
    squad = {"data": [{"title": "Doc", "paragraphs": [{"context": "It is here.", "qas": qas}]}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(squad))
    first, second = read_examples(path).examples
    assert (first.answers, first.evidence, first.document) == (("here", "right here"), "It is here.", "Doc")
    assert not second.answerable
    assert second.evidence is None


def test_optional_columns_are_kept_and_text_cells_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(
        "id,question,answer,fact,answerable,task,tags\nx,Code?,007,f1,true,short,a, b\n".replace("a, b", '"a, b"')
    )
    (example,) = read_examples(path).examples
    assert (example.id, example.answers, example.fact, example.tags) == ("x", ("007",), "f1", ("a", "b"))


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "question": "ok?", "answer": "yes"},
        {"id": "b", "question": "", "answer": "x"},
        {"id": "c", "question": "no answer?", "answer": None},
        {"id": "a", "question": "again?", "answer": "y"},
        {"id": "d", "question": "odd task?", "answer": "y", "task": "poem"},
    ]
    reading = read_examples(write_rows(tmp_path / "pairs.jsonl", rows))
    assert [e.id for e in reading.examples] == ["a"]
    assert [(r.row, r.why.split(" '")[0]) for r in reading.refused] == [
        (2, "no question"), (3, "no answer"), (4, "its id"), (5, "its task"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.jsonl", "", "empty.jsonl is empty"),
        ("blank.csv", "  \n", "blank.csv is empty"),
        ("broken.jsonl", '{"question": "a", "answer": "b"}\n{"question": ', "broken.jsonl, line 2: not valid JSON"),
        ("broken.json", "[{]", "broken.json, line 1: not valid JSON"),
        ("list.json", "[1, 2]", "list.json holds no list of objects"),
        ("columns.jsonl", '{"frage": "a", "antwort": "b"}', "no usable row.*columns: frage, antwort"),
        ("pairs.xlsx", "x", "unknown kind of file"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=sentence):
        read_examples(tmp_path / name)


def test_columns_can_be_mapped_and_a_wrong_mapping_lists_them(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "pairs.jsonl", [{"frage": "a?", "antwort": "b"}])
    (example,) = read_examples(path, {"question": "frage", "answers": "antwort"}).examples
    assert (example.question, example.answers) == ("a?", ("b",))
    with pytest.raises(UserError, match=r"no column 'x'.*frage, antwort"):
        read_examples(path, {"question": "x"})


def test_mixed_types_in_a_column_are_read(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [{"question": "a?", "answer": 5}, {"question": "b?", "answer": ["x", "y"]}])
    assert [e.answers for e in read_examples(path).examples] == [("5",), ("x", "y")]


def test_the_task_is_inferred_with_a_reason() -> None:
    def rows(answers: list[str]) -> list[Example]:
        return [Example(str(i), "q", (a,)) for i, a in enumerate(answers)]

    assert infer_task(rows(["red", "blue"] * 10))[0] == "label"
    assert infer_task(rows(["1", "2,000", "3.5"]))[0] == "number"
    assert infer_task(rows([" ".join("word" for _ in range(30)) + str(i) for i in range(5)]))[0] == "text"
    assert infer_task(rows(["Ada", "Bo", "Cy"])) == ("short", "answers have 1.0 words on average")


def test_the_fingerprint_sees_every_field_and_survives_saving(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [{"question": "a?", "answer": "b", "tags": ["t"], "evidence": "e"}])
    reading = read_examples(path)
    save_examples(tmp_path / "saved.jsonl", reading.examples)
    assert load_examples(tmp_path / "saved.jsonl") == reading.examples
    again = read_examples(tmp_path / "saved.jsonl")
    assert again.fingerprint == reading.fingerprint
    other = read_examples(
        write_rows(tmp_path / "o.jsonl", [{"question": "a?", "answer": "b", "tags": ["u"], "evidence": "e"}])
    )
    assert other.fingerprint != reading.fingerprint


def test_an_exact_test_question_in_training_blocks_until_allowed() -> None:
    train = [Example("t", "Where IS  the key?", ("mat",), fact="k"), Example("u", "Who?", ("Ada",))]
    test = [Example("1", "where is the key?", ("mat",)), Example("2", "Key location?", ("mat",), fact="k")]
    found = audit(test, train)
    assert (found.exact, found.same_fact, found.shared_answers) == (("1",), 1, 2)
    with pytest.raises(UserError, match=r"1 of 2 test questions .*--allow-leakage"):
        refuse_unless_allowed(found, allowed=False)
    refuse_unless_allowed(found, allowed=True)
    assert question_key("ﬁne?") == question_key("FINE?")


def test_a_dataset_is_stored_with_its_documents_and_found_again(tmp_path: Path, workspace: Workspace) -> None:
    train = write_rows(tmp_path / "train.jsonl", [{"question": "a?", "answer": "b"}])
    test = write_rows(tmp_path / "test.jsonl", [{"question": f"q{i}?", "answer": "b"} for i in range(4)])
    documents = tmp_path / "docs"
    (documents / "sub").mkdir(parents=True)
    (documents / "sub" / "a.md").write_text("A text.")
    (documents / "leak.txt").write_text(" ".join(f"q{i}?" for i in range(3)))
    checked = dataset.check({"train": train, "test": test}, documents)
    assert checked.leakage.test_file_in == ("leak.txt",)
    artifact = dataset.add(workspace, "mine", checked)
    assert (artifact.path / "documents" / "sub" / "a.md").read_text() == "A text."
    assert len(load_examples(locate(workspace, "mine", "test"))) == 4
    with pytest.raises(UserError, match="has no validation rows"):
        locate(workspace, "mine", "validation")
    with pytest.raises(UserError, match="neither a file nor a stored dataset"):
        locate(workspace, "other", "test")


def test_the_same_dataset_stored_again_is_the_version_there_is(tmp_path: Path, workspace: Workspace) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "a.md").write_text("The key is under the mat.")
    test = write_rows(tmp_path / "t.jsonl", [{"question": "Where is the key?", "answer": "under the mat"}])

    def stored(files: dict[str, Path]) -> str:
        return dataset.add(workspace, "mine", dataset.check(files, documents)).ref

    assert [stored({"test": test}) for _ in range(2)] == ["mine@1", "mine@1"]
    (documents / "a.md").write_text("The key is under the stone.")
    assert stored({"test": test}) == "mine@2", "a document changed"
    write_rows(test, [{"question": "Where is the key?", "answer": "under the stone"}])
    assert stored({"test": test}) == "mine@3", "an answer changed"
    assert stored({"validation": test}) == "mine@4", "other rows"


def test_a_name_that_is_a_file_and_a_dataset_is_ambiguous(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(tmp_path / "mine", [{"question": "a?", "answer": "b"}])
    dataset.add(
        workspace,
        "mine",
        dataset.check({"test": write_rows(tmp_path / "t.jsonl", [{"question": "a?", "answer": "b"}])}),
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="both a file here and a stored dataset"):
        locate(workspace, "mine", "test")
    assert locate(workspace, "./mine", "test") == Path("./mine")
    assert path.exists()


def test_the_shell_exits_with_2_and_one_sentence(tmp_path: Path, workspace: Workspace) -> None:
    command = [sys.executable, "-m", "data", "check", "--train", str(tmp_path / "nope.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == f"Error: {tmp_path / 'nope.jsonl'} is not a file. Check the path."


def test_the_shell_prints_one_json_object_as_the_last_line(tmp_path: Path, workspace: Workspace) -> None:
    path = write_rows(tmp_path / "train.jsonl", [{"question": "a?", "answer": "b"}, {"question": "c?"}])
    command = [sys.executable, "-m", "data", "add", "mine", "--train", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["name"] == "mine@1"
    assert result["splits"]["train"]["rows"] == 1
    assert result["splits"]["train"]["refused"] == [{"row": 2, "why": "no answer"}]
