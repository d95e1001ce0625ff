"""The tokenizer of a causal language model, made fit for asking and training, and the one way a pair becomes tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.schema import Conversation

PLAIN_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | capitalize }}:\n{{ m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:\n{% endif %}"
)


@dataclass(frozen=True)
class Tokens:
    """A tokenizer with what had to be added to it. ``note`` is empty when nothing was."""

    tokenizer: Any
    note: str

    @property
    def end(self) -> int:
        """The token an answer ends with."""
        return self.tokenizer.eos_token_id

    def prompt(self, conversation: Conversation) -> list[int]:
        """Token ids of a conversation up to where the answer begins."""
        messages = [{"role": message.role, "content": message.content} for message in conversation]
        encoded = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
        return list(encoded["input_ids"])

    def answer(self, text: str) -> list[int]:
        """Token ids of an answer, its end token included."""
        return [*self.tokenizer(text, add_special_tokens=False)["input_ids"], self.end]

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated ids, special tokens dropped."""
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip()


def load_tokens(folder: Path, end: int | None) -> Tokens:
    """The tokenizer of a model folder; ``end`` is the end token of the model's config, used when it names none itself.

    A missing chat template is replaced by ``PLAIN_TEMPLATE``. Without a pad token the end token fills: padding is
    masked and carries no label wherever we pad, so the end token is still learned, and no embedding row is added.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.eos_token_id is None:
        if end is None:
            raise UserError(f"The tokenizer of {folder.name} has no end token, so no answer could ever end.",
                            "Name another model.")  # fmt: skip
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if getattr(tokenizer, "is_fast", False):
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
    tokenizer.padding_side = "left"
    note = ""
    if not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN_TEMPLATE
        note = "the model has no chat template: a plain one with the words User and Assistant is used"
    return Tokens(tokenizer, note)
