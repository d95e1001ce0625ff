"""The page's side of the model worker: start it on first need, then stream its answers. Loads nothing heavy."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import httpx

from data.errors import UserError
from data.jobs import launch
from data.schema import DecodeSettings
from data.store import Workspace, read_json
from eval.systems import System
from rag.filters import EVERYTHING, Filter

START_SECONDS = 120.0
ANSWER_SECONDS = 1800.0


def ask(
    workspace: Workspace, question: str, systems: Sequence[System], settings: DecodeSettings
) -> Iterator[dict[str, Any]]:
    """Events of one question, as eval.ask tells them. Raises UserError."""
    tokens = settings.max_new_tokens
    body = {"question": question, "systems": [asdict(s) for s in systems], "max_new_tokens": tokens}
    yield from _events(workspace, "/ask", body)


def search(
    workspace: Workspace, knowledge: str, question: str, k: int = 5, method: str = "fused",
    only: Filter = EVERYTHING, at_least: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One search: {"hits": rows of eval.ask.shown_hits, "relevant": bool, "below", "note"}.

    ``below`` counts the passages that score less than ``at_least``; ``note`` says if the vectors were made in another
    number format, else it is empty.
    """
    body = {"knowledge": knowledge, "question": question, "k": k, "method": method}
    return next(_events(workspace, "/search", {**body, "only": asdict(only), "at_least": at_least}))


def side_by_side(
    workspace: Workspace, knowledge: str, question: str, k: int = 5, only: Filter = EVERYTHING,
    at_least: float | None = None, words_at_least: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One search by every method: {"methods": {method: {"hits", "relevant", "below"}}, "note"}; see ``search``.

    ``at_least`` is a cosine, for dense and fused; ``words_at_least`` is a BM25 score, for bm25.
    """
    least = {"at_least": at_least, "words_at_least": words_at_least}
    body = {"knowledge": knowledge, "question": question, "k": k, "only": asdict(only), **least}
    return next(_events(workspace, "/side-by-side", body))


def _events(workspace: Workspace, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    address = connect(workspace)
    headers = {"authorization": f"Bearer {address['token']}"}
    url = f"http://127.0.0.1:{address['port']}{path}"
    try:
        with httpx.stream("POST", url, json=body, headers=headers, timeout=ANSWER_SECONDS, trust_env=False) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                event = json.loads(line)
                if "error" in event:
                    raise UserError(event["error"]["what"], event["error"]["fix"])
                yield event
    except httpx.HTTPError as error:
        what = f"The model worker went away ({type(error).__name__})."
        raise UserError(what, f"Ask again; its log is {workspace.root / 'worker.log'}.") from error


def running(workspace: Workspace) -> dict[str, Any] | None:
    """The worker's address if one answers, else None."""
    path = workspace.root / "worker.json"
    if not path.exists():
        return None
    try:
        address = read_json(path)
        headers = {"authorization": f"Bearer {address['token']}"}
        health = httpx.get(f"http://127.0.0.1:{address['port']}/health", headers=headers, timeout=5, trust_env=False)
    except (UserError, httpx.HTTPError):
        return None
    return address if health.status_code == 200 else None


def connect(workspace: Workspace) -> dict[str, Any]:
    """The address of the workspace's worker, started if none runs. Raises UserError if it does not come up."""
    if address := running(workspace):
        return address
    process = launch(workspace, "eval", ["worker"], workspace.root / "worker.log")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if address := running(workspace):
            return address
        if process.poll() not in (None, 0):
            break
        time.sleep(0.1)
    raise UserError("The model worker did not start.", f"Its log is {workspace.root / 'worker.log'}.")
