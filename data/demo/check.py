"""What must hold for the demo: evidence stands in its document, answers in their evidence, and no split leaks."""

from __future__ import annotations

from pathlib import Path

from data.demo.facts import CHANGED, TAUGHT, UNTAUGHT
from data.demo.rows import Row
from data.demo.unanswerable import MISSING_TEST, MISSING_TRAIN, MISSING_VALIDATION
from data.documents import by_file, read_documents


def fold(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def read_all(folder: Path) -> dict[str, str]:
    """Folded text of every document by its path inside the folder, read as the knowledge base reads it."""
    documents, refused = read_documents([folder])
    if refused:
        raise ValueError(f"not readable: {refused}")
    return {name: fold(text) for name, _, text in by_file(documents)}


def check_facts(texts: dict[str, str]) -> list[str]:
    """What is wrong with the table of facts."""
    wrong = []
    everything = "\n".join(texts.values())
    for id_, document, _, _, value, *old, evidence in (*TAUGHT, *UNTAUGHT, *CHANGED):
        if evidence not in texts.get(document, ""):
            wrong.append(f"{id_}: its evidence is not in {document}")
        if value not in evidence:
            wrong.append(f"{id_}: its value is not in its evidence")
        if old and evidence.replace(value, old[0]) in everything:
            wrong.append(f"{id_}: the sentence from before the revision is still in a document")
    known = {(fact[2], fact[3]) for fact in (*TAUGHT, *UNTAUGHT, *CHANGED)}
    missing = (*MISSING_TRAIN, *MISSING_VALIDATION, *MISSING_TEST)
    wrong += [f"{pair}: called unanswerable, but a document says it" for pair in missing if pair in known]
    if len({fact[0] for fact in (*TAUGHT, *UNTAUGHT, *CHANGED)}) != len(TAUGHT) + len(UNTAUGHT) + len(CHANGED):
        wrong.append("two facts share an id")
    return wrong


def check_rows(rows: dict[str, list[Row]], texts: dict[str, str]) -> list[str]:
    """What is wrong with the question files."""
    wrong = []
    seen: dict[str, str] = {}
    for split, split_rows in rows.items():
        for row in split_rows:
            question = fold(row["question"]).casefold()
            if question in seen:
                wrong.append(f"{split}: {row['id']} asks the same as {seen[question]}")
            seen[question] = row["id"]
            if row["evidence"] and not all(answer in row["evidence"] for answer in row["answers"]):
                wrong.append(f"{split}: {row['id']}: the answer is not in the evidence")
            if split != "train" and row["evidence"] and row["evidence"] not in texts[row["document"]]:
                wrong.append(f"{split}: {row['id']}: the evidence is not in {row['document']}")
    return wrong
