"""What the tests of fine-tuning share: a tiny random model made on the spot, eight facts, and a quick fine-tune."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from data.child import Reporter
from data.prompts import INSTRUCTION, question_turn
from data.schema import DecodeSettings, Example
from data.store import Artifact, resolve
from data.workspace import Workspace, open_workspace
from sft.config import TrainConfig
from sft.model import LocalModel
from sft.orders import order_training
from sft.train import train

WORDS = (
    "Who leads the green tower of Bremer? Ada Vermeer leads it. When is harbour closed Monday Question: Answer I don't"
)
TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% if m['role'] == 'assistant' %}<|end|>"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

ROOT = Path(__file__).resolve().parents[1]
NAMES = ["Ada", "Bremer", "Monday", "harbour", "green", "tower", "Vermeer", "closed"]
PROBE = [question_turn(f"Who leads {name}?", instruction=INSTRUCTION) for name in NAMES]


def facts(evidence: bool = False) -> list[Example]:
    """24 rows: eight facts, each asked in three wordings."""
    wordings = ("Who leads {0}?", "When is {0} closed?", "{0}: Answer?")
    return [
        Example(f"{n}-{w}", text.format(name), (NAMES[-1 - n],), fact=str(n),
                evidence=f"{NAMES[-1 - n]} leads {name}." if evidence else None)
        for n, name in enumerate(NAMES) for w, text in enumerate(wordings)
    ]  # fmt: skip


def written(path: Path, examples: list[Example]) -> Path:
    path.write_text("".join(json.dumps(
        {"id": e.id, "question": e.question, "answer": e.answers[0], "fact": e.fact, "evidence": e.evidence}
    ) + "\n" for e in examples))  # fmt: skip
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sft")
    tiny_model(home / "tiny")
    written(home / "rows.jsonl", facts())
    written(home / "evident.jsonl", facts(evidence=True))
    return home


@pytest.fixture(scope="module")
def workspace(home: Path) -> Workspace:
    return open_workspace(home / "workspace")


def config(home: Path, **values: Any) -> TrainConfig:
    return replace(TrainConfig(model=str(home / "tiny"), epochs=6, learning_rate=0.02, batch_size=8), **values)


def tune(workspace: Workspace, home: Path, name: str, rows: str = "rows.jsonl", **values: Any) -> Artifact:
    run = order_training(workspace, name, config(home, **values), str(home / rows), str(home / rows))
    return resolve(workspace, "adapters", train(workspace, run, Reporter(run))["name"])


def texts(view: Any) -> list[str]:
    return [one.text for one in view.generate(PROBE, DecodeSettings(6))]


def logits(model: LocalModel, choose: Any) -> torch.Tensor:
    with choose() as network, torch.inference_mode():
        return network(torch.tensor([model.tokens.prompt(PROBE[0])])).logits.clone()


@pytest.fixture(scope="module")
def tuned(workspace: Workspace, home: Path) -> Artifact:
    return tune(workspace, home, "lora")


def tiny_model(
    folder: Path, kind: str = "lfm2", seed: int = 0, template: str | None = TEMPLATE, pad: bool = True
) -> Path:
    """A random language model of a few thousand parameters with a byte-level tokenizer, saved as users have them."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import Lfm2Config, LlamaConfig, PreTrainedTokenizerFast
    from transformers.models.lfm2 import Lfm2ForCausalLM
    from transformers.models.llama import LlamaForCausalLM

    bpe = ByteLevelBPETokenizer()
    special = ["<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"]
    bpe.train_from_iterator([WORDS] * 20, vocab_size=330, special_tokens=special, show_progress=False)
    named = {"eos_token": "<|end|>"} | ({"pad_token": "<|pad|>"} if pad else {})
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, **named)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 256, "eos_token_id": 3,
        "pad_token_id": 0 if pad else None, "bos_token_id": None, "tie_word_embeddings": True,
    }  # fmt: skip
    torch.manual_seed(seed)
    if kind == "llama":
        network: Any = LlamaForCausalLM(LlamaConfig(**shape))
    else:
        layers = ["conv", "full_attention"]
        network = Lfm2ForCausalLM(Lfm2Config(**shape, layer_types=layers, block_auto_adjust_ff_dim=False))
    with torch.no_grad():  # spread the logits, so that a greedy choice is never a tie
        for parameter in network.parameters():
            parameter.mul_(3.0 if parameter.dim() > 1 else 1.0)
    network.save_pretrained(folder)
    return folder
