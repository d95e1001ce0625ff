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
Names = tuple[str, str, dict[str, str]]  # of the role's field, of the text's field, and {their role: ours}
OPENAI: Names = ("role", "content", {"developer": "system"})
SHAREGPT: Names = ("from", "value", {"human": "user", "gpt": "assistant"})
OPTIONAL = ("id", "document", "evidence", "fact", "answerable", "task", "format", "tags")


def from_pairs(row: Row) -> Row:
    """Our own columns, or the names that ragas and deepeval use for them."""
    found = {name: next((row[a] for a in names if row.get(a) is not None), None) for name, names in ALIASES.items()}
    if found["question"] is None and "expected_output" in row:
        found["question"] = row.get("input")
    return found


def from_prompt_completion(row: Row) -> Row:
    """TRL's prompt/completion, as strings or as message lists, of which the prompt may hold several turns."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, list) and isinstance(completion, list):
        return _last_exchange([*prompt, *completion], OPENAI)
    return {"question": _last_content(prompt), "answers": _last_content(completion)}


def from_instruction(row: Row) -> Row:
    """Alpaca's instruction/input/output; the input stands under the instruction."""
    parts = [row.get("instruction"), row.get("input")]
    question = "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())
    return {"question": question or None, "answers": row.get("output")}


def from_messages(row: Row) -> Row:
    """OpenAI-style messages: the last assistant turn is the answer, the user turn before it the question."""
    return _last_exchange(row.get("messages"), OPENAI)


def from_sharegpt(row: Row) -> Row:
    """ShareGPT conversations with from/value turns."""
    return _last_exchange(row.get("conversations"), SHAREGPT)


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


def _last_exchange(turns: Any, names: Names) -> Row:
    """The last answer, the question before it, and every turn before that as ``history``.

    ValueError for turns in an order that no chat template takes: two of one role in a row, or a role unknown to us.
    """
    who, what, roles = names
    if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
        return {"question": None, "answers": None}
    said = [(roles.get(str(turn.get(who)), str(turn.get(who))), turn.get(what)) for turn in turns]
    while said and said[-1][0] != "assistant":
        said.pop()
    if len(said) < 2:
        return {"question": None, "answers": None}
    before = [role for role, _ in said]
    first = 1 if before[0] == "system" else 0
    if before[first:] != ["user", "assistant"] * (len(before[first:]) // 2):
        raise ValueError(f"its turns are {', '.join(before)}; user and assistant must take turns")
    if not all(isinstance(text, str) and text.strip() for _, text in said):
        raise ValueError("a turn has no text")
    history = [{"role": role, "content": text} for role, text in said[:-2]]
    return {"question": said[-2][1], "answers": said[-1][1]} | ({"history": history} if history else {})


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
