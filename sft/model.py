"""A language model in memory: one base, any number of tuned views of it, answers in batches.

``LocalModel.load("pocket").base()`` answers with the base weights; ``.tuned(artifact)`` with the same base and an
adapter switched on, or with full tuned weights.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from transformers import GenerationConfig
from transformers.utils import logging as transformers_logging

from data.errors import UserError
from data.schema import Conversation, DecodeSettings, Generation, OnGenerated, OnText
from data.store import Artifact
from sft.batches import batches
from sft.decode import greedy, log_likelihoods
from sft.devices import Device, choose_device
from sft.network import load_network
from sft.sources import ModelSource, parameter_count, resolve, weights_hash
from sft.tokens import Tokens, load_tokens, named_ends, window_of

TOKENS_PER_BATCH = {"cpu": 2_048, "mps": 8_192, "cuda": 32_768}

Choose = Callable[[], AbstractContextManager[Any]]


class LocalModel:
    """A base model with its tokenizer. ``device_reason`` and ``dtype_reason`` say why it runs where and how it does."""

    def __init__(self, source: ModelSource, device: Device) -> None:
        self.source, self.device = source, device
        self.id, self.base_hash = source.id, weights_hash(source.path)
        self.device_reason, self.dtype_reason = device.reason, device.dtype_reason
        self.network = load_network(source.path, device)
        config = self.network.config.get_text_config()
        self.ends = named_ends(self.network.generation_config, self.network.config)
        self.tokens: Tokens = load_tokens(source.path, self.ends[0] if self.ends else None)
        self.ends = sorted({*self.ends, self.tokens.end})
        # the folder's own sampling settings must not reach a greedy answer
        self.network.generation_config = GenerationConfig(eos_token_id=self.ends)
        self.tokenizer = self.tokens.tokenizer
        self.window = window_of(config, self.tokenizer)
        self.lock = threading.RLock()
        self._adapters: dict[Path, str] = {}
        self._full: dict[Path, Any] = {}
        self._peft: Any = None

    @classmethod
    def load(cls, model: str, device: str | None = None, dtype: str | None = None) -> LocalModel:
        """Load a model by name (see ``sft.sources.resolve``).

        ``device``: "cpu", "cuda" or "mps"; ``dtype``: "float32", "bfloat16" or "float16"; None chooses, with reasons.
        """
        transformers_logging.disable_progress_bar()
        source = resolve(model)
        return cls(source, choose_device(parameter_count(source.path), device, dtype))

    def base(self) -> View:
        """The base weights, whatever adapters were used before."""
        return View(self, self._base)

    def tuned(self, artifact: Artifact) -> View:
        """The weights of a tuned model made from this very base; its adapter is read once and stays in memory.

        Raises UserError when it was tuned from another base.
        """
        manifest = artifact.manifest()
        base = manifest["base"]
        if base["hash"] != self.base_hash:
            raise UserError(
                f"{artifact.ref} was tuned from another base: {base['id']} (weights {base['hash'][:12]}), "
                f"not this {self.id} (weights {self.base_hash[:12]}).",
                f"Choose {base['id']} as the model, or another tuned model.",
            )
        if manifest["method"] in ("lora", "qlora"):
            return View(self, lambda: self._adapter(artifact.path))
        return View(self, lambda: self._whole(artifact.path))

    @contextmanager
    def _base(self) -> Iterator[Any]:
        with self.lock:
            if self._peft is None:
                yield self.network
            else:
                with self._peft.disable_adapter():
                    yield self._peft

    @contextmanager
    def _adapter(self, path: Path) -> Iterator[Any]:
        from sft.attach import attach

        with self.lock:
            if path not in self._adapters:
                name = f"adapter{len(self._adapters)}"  # PEFT's own names may not hold the dots of a ref
                self._peft = attach(self._peft or self.network, path, name)
                self._adapters[path] = name
            self._peft.set_adapter(self._adapters[path])
            yield self._peft

    @contextmanager
    def _whole(self, path: Path) -> Iterator[Any]:
        with self.lock:
            if path not in self._full:
                self._full = {path: self._loaded(path)}  # one at a time: each is a whole model
                self._full[path].generation_config = GenerationConfig(eos_token_id=self.ends)
            yield self._full[path]

    def _loaded(self, path: Path) -> Any:
        """Full tuned weights; or an adapter of another kind than LoRA on a base of its own, for PEFT keeps the kinds
        apart."""
        from sft.attach import attach

        if not (path / "adapter_config.json").exists():
            return load_network(path, self.device)
        return attach(load_network(self.source.path, self.device), path, "tuned")


class View:
    """One choice of weights, as a Generator. Views of one model share its memory and its lock."""

    def __init__(self, model: LocalModel, choose: Choose) -> None:
        self.model, self.window, self._choose = model, model.window, choose

    def ready(self) -> None:
        """Read the weights of this choice now, if they are not in memory, so that no answer waits for them."""
        with self._choose():
            pass

    def generate(
        self,
        conversations: Sequence[Conversation],
        settings: DecodeSettings,
        on_text: OnText | None = None,
        on_generated: OnGenerated | None = None,
    ) -> list[Generation]:
        """Greedy answers in the order given. ``on_text`` streams when there is a single conversation.

        A conversation whose tokens and ``max_new_tokens`` exceed the window is not generated ("over_budget").
        """
        tokens, most = self.model.tokens, settings.max_new_tokens
        rows = [tokens.prompt(conversation) for conversation in conversations]
        fits = [number for number, row in enumerate(rows) if len(row) + most <= self.window]
        done = {
            number: Generation("", len(row), 0, "over_budget", 0.0)
            for number, row in enumerate(rows) if len(row) + most > self.window
        }  # fmt: skip
        if done and on_generated:
            on_generated(sorted(done.items()))
        stream = on_text if len(conversations) == 1 else None
        for batch in batches([len(rows[number]) for number in fits], TOKENS_PER_BATCH[self.model.device.name]):
            numbers = [fits[place] for place in batch]
            with self._choose() as network:
                written = greedy(network, tokens, [rows[number] for number in numbers], most, self.model.ends, stream)
            finished = list(zip(numbers, written, strict=True))
            done.update(finished)
            if on_generated:
                on_generated(finished)
        return [done[number] for number in range(len(rows))]

    def score(self, conversations: Sequence[Conversation], answers: Sequence[str]) -> list[float]:
        """The natural-log likelihood of each answer, its end token included, after its conversation."""
        tokens = self.model.tokens
        pairs = [(tokens.prompt(c), tokens.answer(a)) for c, a in zip(conversations, answers, strict=True)]
        totals = [0.0] * len(pairs)
        budget = TOKENS_PER_BATCH[self.model.device.name]
        for batch in batches([len(prompt) + len(answer) for prompt, answer in pairs], budget):
            with self._choose() as network:
                found = log_likelihoods(network, tokens, [pairs[number] for number in batch])
            for number, total in zip(batch, found, strict=True):
                totals[number] = total
        return totals

    def count(self, conversation: Conversation) -> int:
        """Tokens of a conversation up to where the answer begins."""
        return len(self.model.tokens.prompt(conversation))
