"""A dataset: training, validation and test pairs with their documents, checked together and stored as one version."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.errors import UserError
from data.examples import SPLITS, Reading, read_examples, save_examples
from data.leakage import Leakage, audit, test_file_among
from data.nearness import Embed
from data.prompts import training_turns
from data.store import Artifact, check_name, publish, resolve, staging, versions
from data.workspace import Workspace

SHOWN_REFUSALS = 20


@dataclass(frozen=True)
class Checked:
    """The parts of a dataset as they were read, and what of the test set leaked into the rest."""

    readings: dict[str, Reading]
    documents: tuple[Path, ...]
    root: Path | None
    leakage: Leakage

    def summary(self) -> dict[str, Any]:
        """What people and programs are told: counts, mapping, refused rows, fingerprints, leakage."""
        return {
            "splits": {split: _described(reading) for split, reading in self.readings.items()},
            "documents": len(self.documents),
            "leakage": self.leakage.told(),
        }


def check(
    files: dict[str, Path], documents: Path | None = None, mapping: dict[str, str] | None = None,
    embed: Embed | None = None,
) -> Checked:  # fmt: skip
    """Read the given splits and list the documents; nothing is stored. Raises UserError for what cannot be used.

    ``embed`` settles near-duplicates of test and training questions (see ``data.leakage.audit``).
    """
    if not files:
        raise UserError("No file of questions was given.", "Give at least one of --train, --validation, --test.")
    readings = {split: read_examples(files[split], mapping) for split in SPLITS if split in files}
    root, paths = _documents(documents)
    test = readings["test"].examples if "test" in readings else ()
    train = readings["train"].examples if "train" in readings else ()
    leakage = audit(test, train, embed)
    if test:
        texts = ((p.name, file_hash(p), p.read_text(errors="replace")) for p in paths)
        leakage = replace(leakage, test_file_in=test_file_among(files["test"], test, texts))
    return Checked(readings, paths, root, leakage)


def add(workspace: Workspace, name: str, checked: Checked) -> Artifact:
    """Store a checked dataset as the next version of ``name``; the version in use, where it holds the very same."""
    check_name(name, "dataset")
    with staging(workspace, "datasets") as folder:
        for split, reading in checked.readings.items():
            save_examples(folder / f"{split}.jsonl", reading.examples)
        for path in checked.documents:
            target = folder / "documents" / path.relative_to(checked.root or path.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        if versions(workspace, "datasets", name):
            current = resolve(workspace, "datasets", name)
            if _hashes(current.path) == _hashes(folder):
                return current  # stored twice: a key pressed again, an upload repeated
        return publish(workspace, "datasets", name, folder, checked.summary())


def _hashes(folder: Path) -> dict[str, str]:
    """The hash of every stored file of a dataset, by its place; the manifest only tells of them."""
    inside = (path for path in folder.rglob("*") if path.is_file() and path != folder / "manifest.json")
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in inside}


def _documents(documents: Path | None) -> tuple[Path | None, tuple[Path, ...]]:
    if documents is None:
        return None, ()
    if documents.is_file():
        return documents.parent, (documents,)
    if not documents.is_dir():
        raise UserError(f"{documents} is neither a file nor a folder.", "Check the path.")
    inside = sorted(documents.rglob("*"))
    found = tuple(
        p for p in inside if p.is_file() and not any(q.startswith(".") for q in p.relative_to(documents).parts)
    )
    if not found:
        raise UserError(f"The folder {documents} holds no document.", "Put the documents in it.")
    return documents, found


def _described(reading: Reading) -> dict[str, Any]:
    examples = reading.examples
    return {
        "file": reading.file, "shape": reading.shape, "columns": list(reading.columns), "rows": len(examples),
        "refused": [asdict(r) for r in reading.refused[:SHOWN_REFUSALS]], "refused_count": len(reading.refused),
        "tasks": {task: sum(e.task == task for e in examples) for task in dict.fromkeys(e.task for e in examples)},
        "task_reason": reading.task_reason, "with_evidence": sum(e.evidence is not None for e in examples),
        "unanswerable": sum(not e.answerable for e in examples), "fingerprint": reading.fingerprint,
        "rendered": [_rendered(example) for example in examples[:3]],
    }  # fmt: skip


def _rendered(example: Any) -> dict[str, str]:
    """One row as the model will see it."""
    passages = (example.evidence,) if example.evidence else ()
    *prompt, answer = training_turns(example, passages)
    before = [f"{turn.role.capitalize()}: {turn.content}" for turn in prompt[:-1]]
    return {"id": example.id, "prompt": "\n".join([*before, prompt[-1].content]), "answer": answer.content}
