"""The warm model worker: one small server per workspace that keeps a base, its adapters and an embedder loaded.

It listens on 127.0.0.1 and answers only to a random token that stands, readable by the owner alone, in worker.json.
Requests are served one after another. It leaves after ten idle minutes, and at once when a job takes a GPU.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from data.disk import write_json
from data.errors import UserError
from data.schema import DecodeSettings
from data.workspace import Workspace
from eval.ask import ask, shown_hits
from eval.loading import Loader
from eval.systems import System, settle
from rag.filters import Filter
from rag.found import Found
from rag.retrieve import check_question

IDLE_SECONDS = 600.0


class Worker:
    """The loaded parts, one lock around them, and when they were last used."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.loader = workspace, Loader(workspace)
        self.token, self.lock, self.used = secrets.token_urlsafe(24), threading.Lock(), time.monotonic()

    def stream(self, work: Callable[[Callable[[dict[str, Any]], None]], None]) -> Iterator[str]:
        """Run ``work`` in a thread of its own; yield its events as JSON lines until it ends."""
        events: queue.Queue[dict[str, Any] | None] = queue.Queue()

        def run() -> None:
            try:
                with self.lock:
                    self.used = time.monotonic()
                    work(events.put)
            except UserError as error:
                events.put({"error": {"what": error.what, "fix": error.fix}})
            except Exception as error:
                events.put(
                    {"error": {"what": f"The model worker failed with {type(error).__name__}: {error}", "fix": ""}}
                )
                raise
            finally:
                self.used = time.monotonic()
                events.put(None)

        threading.Thread(target=run, daemon=True).start()
        while (event := events.get()) is not None:
            yield json.dumps(event, ensure_ascii=False) + "\n"

    def ask(self, body: dict[str, Any]) -> Iterator[str]:
        """Stream {"system", "text"} and {"system", "answer"} events.

        ``body``: {question, systems, max_new_tokens, only, cite}.
        """

        def work(put: Callable[[dict[str, Any]], None]) -> None:
            systems = settle(self.workspace, [System(**values) for values in body["systems"]])
            settings, only = DecodeSettings(body["max_new_tokens"]), Filter.restored(body["only"])
            ask(self.loader, body["question"], systems, settings, put, only, body["cite"])

        return self.stream(work)

    def search(self, body: dict[str, Any]) -> Iterator[str]:
        """Stream one event {"hits", "relevant", "below", "note"}; see eval.client.search.

        ``body``: {knowledge, question, k, method, only, at_least}.
        """

        def work(put: Callable[[dict[str, Any]], None]) -> None:
            check_question(body["question"])
            only = Filter.restored(body["only"])
            retriever = self.loader.retriever(body["knowledge"], body["method"], only, body["at_least"])
            found = retriever.find([body["question"]], body["k"])[0]
            put({**told(found), "note": retriever.note})

        return self.stream(work)

    def side_by_side(self, body: dict[str, Any]) -> Iterator[str]:
        """Stream one event {"methods", "note"}; see eval.client.side_by_side.

        ``body``: {knowledge, question, k, only, at_least, words_at_least}.
        """

        def work(put: Callable[[dict[str, Any]], None]) -> None:
            check_question(body["question"])
            only = Filter.restored(body["only"])
            retriever = self.loader.retriever(body["knowledge"], "fused", only, body["at_least"])
            found = retriever.side_by_side(body["question"], body["k"], body["words_at_least"])
            put({"methods": {method: told(one) for method, one in found.items()}, "note": retriever.note})

        return self.stream(work)


def told(found: Found) -> dict[str, Any]:
    """What one search found, as JSON."""
    return {"hits": shown_hits(found.hits), "relevant": found.relevant, "below": found.below}


def application(worker: Worker) -> Starlette:
    """The worker's routes, each behind the token."""

    def guarded(serve: Callable[[dict[str, Any]], Iterator[str]]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not _knows_token(request, worker):
                return JSONResponse({"error": {"what": "Wrong token.", "fix": ""}}, status_code=403)
            return StreamingResponse(serve(await request.json()), media_type="application/x-ndjson")

        return endpoint

    async def health(request: Request) -> Response:
        known = _knows_token(request, worker)
        return JSONResponse({"ok": known}, status_code=200 if known else 403)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/ask", guarded(worker.ask), methods=["POST"]),
            Route("/search", guarded(worker.search), methods=["POST"]),
            Route("/side-by-side", guarded(worker.side_by_side), methods=["POST"]),
        ]
    )


def _knows_token(request: Request, worker: Worker) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return secrets.compare_digest(given.encode(), worker.token.encode())


def serve(workspace: Workspace) -> int:
    """Serve until idle. A second worker for the same workspace leaves at once."""
    with open(workspace.root / "worker.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("A model worker is running already.", flush=True)
            return 0
        worker = Worker(workspace)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(application(worker), log_level="warning", lifespan="off"))
            me = psutil.Process()
            address = {"port": listening.getsockname()[1], "token": worker.token, "pid": me.pid}
            write_json(workspace.root / "worker.json", {**address, "pid_started": me.create_time()}, mode=0o600)
            threading.Thread(target=_leave_when_unused, args=(worker, server), daemon=True).start()
            server.run(sockets=[listening])
        with suppress(FileNotFoundError):
            os.unlink(workspace.root / "worker.json")
    return 0


def _leave_when_unused(worker: Worker, server: uvicorn.Server) -> None:
    while not server.should_exit:
        time.sleep(1)
        idle = time.monotonic() - worker.used > IDLE_SECONDS and not worker.lock.locked()
        if idle or (worker.loader.on_accelerator() and _device_taken(worker.workspace)):
            server.should_exit = True


def _device_taken(workspace: Workspace) -> bool:
    """True while a job holds the device (on a CPU the cores are shared instead, and the worker stays)."""
    with open(workspace.root / "device.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
