"""The README.md of a tuned model: what it is, what it learned from, how to load it."""

from __future__ import annotations

import json
from typing import Any

from sft.choice import WORDS
from sft.config import ADAPTERS

CARD = """---
{header}
---
# {name}

{what} Made with Crossover.

| | |
|---|---|
{rows}

{notes}

{load}
"""
LOAD_ADAPTER = """```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained({base}), "this folder")
```"""
LOAD_FULL = """```python
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("this folder")
```"""

MEASURED = ("metric", "metric_mean", "metric_low", "metric_high", "metric_n")


def model_card(name: str, manifest: dict[str, Any]) -> str:
    """The card's text, from the manifest alone."""
    base, summary, adapter = manifest["base"], manifest["summary"], manifest["method"] in ADAPTERS
    kind = "An IA3" if manifest["method"] == "ia3" else "A LoRA"
    what = f"{kind} adapter for `{base['id']}`." if adapter else f"Full weights tuned from `{base['id']}`."
    library = "peft" if adapter else "transformers"
    header = f"base_model: {json.dumps(base['id'])}\nlibrary_name: {library}\ntags: [crossover]"
    facts = {
        "base weights (SHA-256)": base["hash"],
        "method": manifest["method"],
        "base commit": base.get("revision"),
        "merged from": manifest.get("merged_from"),
        "imported from": manifest.get("imported_from"),
        "training context": manifest.get("context"),
        "instruction in the prompt": manifest.get("instruction") or "none",
        "training rows": summary.get("rows"),
        "steps": summary.get("steps"),
        "validation loss": summary.get("validation_loss"),
        "validation answers": measured(summary),
        **{f"{key} data": value["fingerprint"] for key, value in manifest.get("data", {}).items()},
        **{key.replace("_", " "): value for key, value in manifest.get("settings", {}).items() if key != "model"},
    }
    rows = "\n".join(f"| {key} | {_cell(value)} |" for key, value in facts.items() if value is not None)
    notes = "\n".join(f"- {note}" for note in summary.get("notes", [])) or "Nothing else was noted."
    load = LOAD_ADAPTER.replace("{base}", json.dumps(base["id"])) if adapter else LOAD_FULL
    return CARD.format(header=header, name=name, what=what, rows=rows, notes=notes, load=load)


def measured(summary: dict[str, Any]) -> str | None:
    """What the answers of the kept checkpoint were worth, with interval and n; None where none was asked."""
    if any(summary.get(key) is None for key in MEASURED):
        return None
    metric, mean, low, high, n = (summary[key] for key in MEASURED)
    return f"{WORDS[metric]} {100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f}, n = {n})"


def _cell(value: object) -> str:
    """A value that can break neither the table's row nor its columns."""
    return " ".join(str(value).split()).replace("|", "\\|")
