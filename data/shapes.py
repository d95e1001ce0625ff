"""The shapes in which people keep question-answer pairs, each turned into our columns.

A shape is recognised by its columns; its function turns one raw row into {question, answers, ...}. Adding a shape is
one function and one line in ``SHAPES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]
ALIASES = {
    "question": ("question", "query", "user_input"),
    "answers": ("answers", "answer", "reference", "expected_output"),
    "document": ("document", "doc_id", "source_document"),
    "evidence": ("evidence", "gold_passage", "context"),
}
OPTIONAL = ("id", "document", "evidence", "fact", "answerable", "task", "format", "tags")


def from_pairs(row: Row) -> Row:
    """Our own columns, or the names that ragas and deepeval use for them."""
    found = {name: next((row[a] for a in names if row.get(a) is not None), None) for name, names in ALIASES.items()}
    if found["question"] is None and "expected_output" in row:
        found["question"] = row.get("input")
    return found


def from_prompt_completion(row: Row) -> Row:
    """TRL's prompt/completion, as strings or as message lists."""
    return {"question": _last_content(row.get("prompt")), "answers": _last_content(row.get("completion"))}


def from_instruction(row: Row) -> Row:
    """Alpaca's instruction/input/output; the input stands under the instruction."""
    parts = [row.get("instruction"), row.get("input")]
    question = "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())
    return {"question": question or None, "answers": row.get("output")}


def from_messages(row: Row) -> Row:
    """OpenAI-style messages: the last assistant turn is the answer, the user turn before it the question."""
    return _last_exchange(row.get("messages"), "role", "content", ("user",), ("assistant",))


def from_sharegpt(row: Row) -> Row:
    """ShareGPT conversations with from/value turns."""
    return _last_exchange(row.get("conversations"), "from", "value", ("human", "user"), ("gpt", "assistant"))


def from_squad(row: Row) -> Row:
    """A SQuAD question with its paragraph (already flattened): answers {"text": [...]}, is_impossible."""
    answers = row.get("answers")
    texts = answers.get("text") if isinstance(answers, Mapping) else [a.get("text") for a in answers or []]
    texts = [texts] if isinstance(texts, str) else list(texts or [])
    impossible = row.get("is_impossible", not texts)
    return {
        "question": row.get("question"),
        "answers": texts,
        "evidence": None if impossible else row.get("context"),
        "document": row.get("title"),
        "answerable": not impossible,
    }


def flatten_squad(value: Any) -> list[Row] | None:
    """The rows of a SQuAD JSON file ({"data": [{"paragraphs": [{"context", "qas"}]}]}), or None if it is not one."""
    articles = value.get("data") if isinstance(value, dict) else None
    if not isinstance(articles, list) or not all(isinstance(a, dict) and "paragraphs" in a for a in articles):
        return None
    return [
        {**question, "context": paragraph.get("context"), "title": article.get("title")}
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph.get("qas", [])
    ]


def _last_content(value: Any) -> Any:
    return value[-1].get("content") if isinstance(value, list) and value and isinstance(value[-1], Mapping) else value


def _last_exchange(turns: Any, who: str, what: str, users: tuple[str, ...], assistants: tuple[str, ...]) -> Row:
    if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
        return {"question": None, "answers": None}
    answered = [i for i, turn in enumerate(turns) if turn.get(who) in assistants]
    asked = [i for i, turn in enumerate(turns) if turn.get(who) in users and answered and i < answered[-1]]
    if not asked:
        return {"question": None, "answers": None}
    return {"question": turns[asked[-1]].get(what), "answers": turns[answered[-1]].get(what)}


def _is_squad(columns: set[str]) -> bool:
    return {"context", "question", "answers"} <= columns


SHAPES: tuple[tuple[str, Callable[[set[str]], bool], Callable[[Row], Row]], ...] = (
    ("messages", lambda columns: "messages" in columns, from_messages),
    ("ShareGPT conversations", lambda columns: "conversations" in columns, from_sharegpt),
    ("prompt/completion", lambda columns: {"prompt", "completion"} <= columns, from_prompt_completion),
    ("instruction/input/output", lambda columns: {"instruction", "output"} <= columns, from_instruction),
    ("SQuAD", _is_squad, from_squad),
    ("question/answer", lambda columns: True, from_pairs),
)
