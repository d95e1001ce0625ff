"""Put a stored PEFT adapter onto a base network that is in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft import PeftModel

from data.errors import UserError


def attach(network: Any, folder: Path, name: str) -> Any:
    """The network with the adapter added under ``name``. ``network`` is a plain base, or one that has adapters already.

    Every tensor of the file must find its place. Raises UserError otherwise.
    """
    if isinstance(network, PeftModel):
        result = network.load_adapter(folder, adapter_name=name)
        _all_used(list(result.unexpected_keys), folder)
        return network.eval()
    model = PeftModel.from_pretrained(network, folder, adapter_name=name)
    return model.eval()


def _all_used(unused: list[str], folder: Path) -> None:
    if unused:
        raise UserError(
            f"{len(unused)} tensors of the adapter {folder.parent.name} fit nowhere in this base ({unused[0]}).",
            "It was made for another model.",
        )
