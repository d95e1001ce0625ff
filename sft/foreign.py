"""Adapters made elsewhere: check that they fit a base to the last tensor, and take over weights and JSON only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from data.disk import write_bytes, write_json
from data.errors import UserError
from data.store import Artifact, check_name, staging
from data.workspace import Workspace
from sft.adapters import KIND, QUESTIONS, finish
from sft.bases import base_of
from sft.manifests import manifest_in, questions_in
from sft.plain_values import check_values, check_weights
from sft.sources import ModelSource, resolve, tensor_shapes, weights_hash

WHERE = "--model, or the field Base model"
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")
PLAIN_KEYS = {  # of a LoRA configuration; every other key can change what is loaded or run, and must be unset
    "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "use_rslora", "use_dora", "rank_pattern",
    "alpha_pattern", "layers_to_transform", "layers_pattern", "fan_in_fan_out", "modules_to_save", "exclude_modules",
}  # fmt: skip
KINDS = {
    "LORA": PLAIN_KEYS,
    "IA3": {"target_modules", "exclude_modules", "feedforward_modules", "fan_in_fan_out", "modules_to_save"},
}
IGNORED_KEYS = {  # say how an adapter was made or stored; nothing depends on them here
    "peft_type", "task_type", "base_model_name_or_path", "revision", "inference_mode", "peft_version", "auto_mapping",
    "init_lora_weights", "init_ia3_weights", "qalora_group_size", "loftq_config", "eva_config", "corda_config",
    "lora_ga_config", "ensure_weight_tying", "megatron_core",
}  # fmt: skip


def take_in(workspace: Workspace, folder: Path, name: str | None = None, model: str | None = None) -> Artifact:
    """Store a PEFT adapter folder (LoRA or IA3) as a tuned model. ``name`` defaults to the folder's, ``model`` to its
    own base.

    Raises UserError for pickles, other kinds of adapter, an unknown base, tensors that are missing or do not fit, and a
    manifest of anything but plain values.
    """
    name = check_name(name or folder.resolve().name, "tuned model")
    config = _config(folder)
    kind = config["peft_type"]
    made_here = manifest_in(folder, kind)
    taught = questions_in(folder) if made_here else None
    base = _base(folder, model or (base_of(workspace, made_here) if made_here else None), config)
    known = weights_hash(base.path)
    if made_here and made_here["base"]["hash"] != known:
        raise UserError(
            f"{folder.name} was tuned from {made_here['base']['id']} (weights {made_here['base']['hash'][:12]}), and "
            f"the {base.id} found here has other weights ({known[:12]}).",
            f"Say where its base is: {WHERE}.",
        )
    kept = {key: value for key, value in config.items() if key in KINDS[kind]} | {"peft_type": kind}
    _fits(folder, kept, base)
    check_weights(folder / WEIGHTS)
    unknown = {"method": kind.lower(), "context": None, "instruction": None, "summary": {"ended": "imported"}}
    manifest = made_here or unknown
    manifest = manifest | {
        "base": {"id": base.id, "hash": known, "revision": base.revision},
        "imported_from": folder.resolve().name,
    }
    with staging(workspace, KIND) as built:
        shutil.copyfile(folder / WEIGHTS, built / WEIGHTS)
        for file in TOKENIZER:
            if (folder / file).is_file():
                shutil.copyfile(folder / file, built / file)
        if taught:
            write_json(built / QUESTIONS, taught)
        saved = kept | {"task_type": "CAUSAL_LM", "base_model_name_or_path": base.id, "inference_mode": True}
        write_bytes(built / CONFIG, json.dumps(saved, indent=2, sort_keys=True).encode())
        return finish(workspace, name, built, manifest)


def _config(folder: Path) -> dict[str, Any]:
    """The adapter's configuration, if it is of a kind we can load without running anything of its."""
    if not (folder / CONFIG).is_file():
        raise UserError(f"{folder} holds no {CONFIG}.", "Name a folder that PEFT wrote.")
    if not (folder / WEIGHTS).is_file():
        pickled = (folder / "adapter_model.bin").exists()
        why = "keeps its weights in a pickle, which can run code" if pickled else f"holds no {WEIGHTS}"
        raise UserError(f"{folder} {why}.", "Save the adapter with safe_serialization=True.")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kind = str(config.get("peft_type"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"{folder / CONFIG} cannot be read.", "Copy it again.") from error
    if kind not in KINDS:
        raise UserError(f"{folder} is an adapter of the kind {kind}.", "Only LoRA and IA3 adapters can be imported.")
    strange = sorted(key for key, value in config.items() if value and key not in KINDS[kind] | IGNORED_KEYS)
    if strange:
        raise UserError(f"{folder} uses the {kind} option {strange[0]!r}, which is not supported.")
    check_values(config, folder)
    return config


def _base(folder: Path, model: str | None, config: dict[str, Any]) -> ModelSource:
    """The base named by the user or our own manifest, else the one that the adapter's configuration names."""
    named = model or config.get("base_model_name_or_path")
    if not named:
        raise UserError(f"{folder.name} names no base model.", f"Say which: {WHERE}.")
    try:
        return resolve(named)
    except UserError as error:
        said = f"The base of {folder.name} was not found. {error.what}"
        raise UserError(said, f"Say where it is: {WHERE}.") from error


def _fits(folder: Path, config: dict[str, Any], base: ModelSource) -> None:
    """Compare every tensor's name and shape with what this base with this configuration would hold (no memory used)."""
    import torch
    from peft import IA3Config, LoraConfig, get_peft_model, get_peft_model_state_dict
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base.path, trust_remote_code=False))
        try:
            made = IA3Config if config["peft_type"] == "IA3" else LoraConfig
            wanted = made(**{key: value for key, value in config.items() if key != "peft_type"})
            expected = get_peft_model_state_dict(get_peft_model(network, wanted), save_embedding_layers=False)
        except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
            raise UserError(f"{folder} does not fit {base.id}: {error}", f"Name its own base: {WHERE}.") from error
    found = tensor_shapes(folder / WEIGHTS)
    shapes = {key: tuple(value.shape) for key, value in expected.items()}
    if differing := _differing(found, shapes):
        raise UserError(f"{folder.name} does not fit {base.id}: {differing}.", f"Name its own base: {WHERE}.")


def _differing(found: dict[str, tuple[int, ...]], wanted: dict[str, tuple[int, ...]]) -> str:
    """What is wrong with an adapter's tensors, in words; empty when they are the wanted ones."""
    kinds = {
        "missing": sorted(wanted.keys() - found.keys()),
        "left over": sorted(found.keys() - wanted.keys()),
        "of another shape": sorted(key for key in found.keys() & wanted.keys() if found[key] != wanted[key]),
    }
    said = []
    for kind, keys in kinds.items():
        if keys:
            shapes = f" is {found[keys[0]]} and should be {wanted[keys[0]]}" if kind == "of another shape" else ""
            said.append(f"{len(keys)} of its tensors {'is' if len(keys) == 1 else 'are'} {kind} ({keys[0]}{shapes})")
    return "; ".join(said)
