"""The tokenizer of a causal language model, made fit for asking and training, and the one way a pair becomes tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.denied import told
from data.errors import UserError
from data.schema import Conversation, Message

PLAIN_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | capitalize }}:\n{{ m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:\n{% endif %}"
)

UNSTATED_WINDOW = 4_096  # of models without positions, which could go on for ever


@dataclass(frozen=True)
class Tokens:
    """A tokenizer with what had to be added to it. ``note`` is empty when nothing was.

    ``takes_system``: whether its template has a place for a system turn; where it has none, the turn's text leads the
    first question.
    """

    tokenizer: Any
    note: str
    takes_system: bool = True

    @property
    def end(self) -> int:
        """The token an answer ends with."""
        return self.tokenizer.eos_token_id

    def prompt(self, conversation: Conversation) -> list[int]:
        """Token ids of a conversation up to where the answer begins."""
        turns = conversation if self.takes_system else _system_first(conversation)
        messages = [{"role": message.role, "content": message.content} for message in turns]
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
    Raises UserError for a tokenizer that cannot be read, or that knows no end.
    """
    tokenizer = _read(folder)
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
    return Tokens(tokenizer, note, _takes_system(tokenizer))


def _read(folder: Path) -> Any:
    """The tokenizer as its files describe it; what is wrong with them is raised in many ways, by several libraries."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        if isinstance(error, MemoryError) or told(error):
            raise
        said = str(error).strip().partition("\n")[0].rstrip(".: ")[:200] or type(error).__name__
        raise UserError(f"The tokenizer of {folder.name} cannot be read: {said}.",
                        "Copy or download the whole model again, or name another.") from error  # fmt: skip


def _takes_system(tokenizer: Any) -> bool:
    """Whether a system turn survives the template: some refuse it, some leave it out."""
    probe = [{"role": "system", "content": "xyzzy"}, {"role": "user", "content": "hello"}]
    try:
        return "xyzzy" in tokenizer.apply_chat_template(probe, tokenize=False)
    except Exception:  # whatever a stranger's template raises for it
        return False


def _system_first(conversation: Conversation) -> Conversation:
    """The same conversation with a leading system turn put at the head of the first question."""
    if len(conversation) < 2 or conversation[0].role != "system":
        return conversation
    told, first, *rest = conversation
    return (Message(first.role, f"{told.content}\n\n{first.content}"), *rest)


def named_ends(*configs: Any) -> list[int]:
    """The tokens that the first of a model's configs which names any names as its end, from none to several."""
    for config in configs:
        found = getattr(config, "eos_token_id", None)
        if found is not None:
            return list(found) if isinstance(found, (list, tuple)) else [found]
    return []


def window_of(config: Any, tokenizer: Any) -> int:
    """The longest text in tokens that a model of this config (its text part) and tokenizer can take."""
    positions = getattr(config, "max_position_embeddings", None) or UNSTATED_WINDOW
    return int(min(positions, tokenizer.model_max_length))


def without_weights(folder: Path) -> tuple[Tokens, int]:
    """The tokenizer of a model folder and the model's window, the weights left on disk."""
    from transformers import AutoConfig, GenerationConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    generation = None
    if (folder / "generation_config.json").exists():
        generation = GenerationConfig.from_pretrained(folder, local_files_only=True)
    ends = named_ends(generation, config)
    tokens = load_tokens(folder, ends[0] if ends else None)
    return tokens, window_of(config.get_text_config(), tokens.tokenizer)
