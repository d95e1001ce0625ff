"""Vectors of questions for who only wants to know how alike they are (the leakage audit)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np


def question_vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors by the packaged embedder, which is loaded at the first call and stays in memory."""
    vectors: np.ndarray = _embedder().embed_questions(texts)
    return vectors


@cache
def _embedder() -> Any:
    from rag.embed import Embedder  # several seconds: only who has questions to compare pays them

    return Embedder.load()
