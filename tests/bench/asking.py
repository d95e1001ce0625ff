"""Ask through the warm worker: time to the first token."""

from __future__ import annotations

import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from data.demo.first_start import copy_demo
from data.schema import DecodeSettings
from data.store import names
from data.workspace import open_workspace
from eval import client
from eval.systems import Parts, corner
from tests.bench.rows import Row

QUESTIONS = Path(__file__).resolve().parents[2] / "data" / "demo" / "questions.json"


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "home"
        copy_demo(root)
        workspace = open_workspace(root)
        parts = Parts(tuned=names(workspace, "adapters")[0], knowledge=names(workspace, "knowledge")[0])
        systems = [corner(name, parts) for name in ("base", "sft", "rag", "sft+rag")]
        questions = [row["question"] for row in json.loads(QUESTIONS.read_text())]
        started = time.perf_counter()
        list(client.ask(workspace, questions[0], systems, DecodeSettings()))
        yield Row(
            "first question, worker started and models loaded", f"{time.perf_counter() - started:.1f} s", "printed"
        )
        first: dict[str, list[float]] = {system.name: [] for system in systems}
        for question in questions * 3:
            for event in client.ask(workspace, question, systems, DecodeSettings()):
                if "answer" in event and event["answer"]["first_text_seconds"]:
                    first[event["system"]].append(event["answer"]["first_text_seconds"])
        for name, seconds in first.items():
            value = f"{1000 * statistics.median(seconds):.0f} ms"
            yield Row(f"warm Ask, {name}: median time to the first token (n = {len(seconds)})", value, "printed")
        if address := client.running(workspace):
            with suppress(ProcessLookupError):
                os.kill(address["pid"], signal.SIGTERM)
