"""How much memory a model needs to answer and to be trained: arithmetic on its shape, no model loaded.

The sums are reckoned, not measured: they leave out what an allocator keeps aside, so a run may need a fifth more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sft.targets import linear

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "float64": 8, "int8": 1, "int4": 0.5}
ROOM = 0.9  # of the memory at hand that may be planned with: allocators keep some aside
PROCESS = 700_000_000  # Python with torch, transformers and peft in memory, before any model


@dataclass(frozen=True)
class Shape:
    """What a model's files say of its size. ``cached`` counts the numbers that one layer keeps of one token (keys and
    values); ``inner`` is the width of the feed-forward part."""

    parameters: int
    layers: int
    hidden: int
    inner: int
    cached: int
    vocabulary: int


@dataclass(frozen=True)
class Need:
    """Bytes, by what they are for. ``state`` is what only training keeps: trained copies, gradients, optimizer."""

    weights: int
    state: int
    activations: int
    process: int = PROCESS

    @property
    def total(self) -> int:
        return self.weights + self.state + self.activations + self.process


def to_ask(shape: Shape, tokens: int, dtype: str = "float32") -> Need:
    """The memory to answer with ``tokens`` in a batch (prompts and answers, padding included).

    weights + tokens x layers x ``cached`` (the key-value cache) + one layer's passing values.
    """
    size = BYTES[dtype]
    cache = tokens * shape.layers * shape.cached * size
    passing = tokens * (4 * shape.hidden + 3 * shape.inner) * size
    return Need(_whole(shape.parameters * size), 0, _whole(cache + passing))


def to_train(shape: Shape, trained: int, tokens: int, dtype: str = "float32", checkpointing: bool = False) -> Need:
    """The memory to train ``trained`` of the parameters on batches of ``tokens`` (padding included) at a time.

    State: 12 bytes for each trained number (gradient and AdamW's two moments in float32), and 4 more for the adapter's
    own weights where not all parameters are trained. All parameters are trained in float32, whatever ``dtype`` says of
    the products. Activations: for the way back each layer keeps about 10 x hidden + ``cached`` + 4 x inner numbers of a
    token (after Korthikanti et al. 2022, "Reducing Activation Recomputation", without the attention matrix, which is
    never stored whole); with ``checkpointing`` each layer keeps its input, and one layer all of it. Logits are kept as
    they are, in float32, and once more as their gradient.
    """
    whole = trained >= shape.parameters
    size = BYTES[dtype]
    weights = shape.parameters * (BYTES["float32"] if whole else size)
    state = trained * (12 if whole else 16)
    layer = (10 * shape.hidden + shape.cached + 4 * shape.inner) * size
    kept = shape.layers * shape.hidden * size + layer if checkpointing else shape.layers * layer
    logits = shape.vocabulary * (size + 8)
    return Need(_whole(weights), _whole(state), _whole(tokens * (kept + logits)))


def lora_parameters(tensors: Mapping[str, tuple[int, ...]], rank: int) -> int:
    """How many numbers LoRA trains when it adapts every linear layer: rank x (rows + columns) of each matrix, without
    what ``sft.targets.linear`` leaves out. ``tensors``: names and shapes, as in a safetensors header."""
    matrices = (shape for name, shape in tensors.items() if linear(name, shape))
    return sum(rank * (rows + columns) for rows, columns in matrices)


def told(count: float) -> str:
    """Bytes for people, in powers of ten: "850 MB", "7.2 GB"."""
    if count < 1e9:
        return f"{max(1, math.ceil(count / 1e6))} MB"
    return f"{count / 1e9:.1f} GB"


def _whole(number: float) -> int:
    return math.ceil(number)
