"""A small server that plays the Hugging Face hub: models made of files on disk, commits, ranges, a brake."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """``models``: {id: folder}. ``asked``: every request's method and path. ``slow``: seconds between pieces."""

    def __init__(self, models: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.models, self.asked, self.slow, self.daemon_threads = models, list[str](), 0.0, True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fetched(self, ending: str) -> int:
        """How often a whole file of this ending was asked for (headers of weights are asked for by range)."""
        return sum(one.startswith("GET ") and one.endswith(ending) for one in self.asked)


class Answers(BaseHTTPRequestHandler):
    """Answers as the hub does, as far as looking and fetching need it."""

    server: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        ranged = self.headers.get("Range") or self.headers.get("range") or ""
        self.server.asked.append(f"{self.command} {path}{' ' + ranged if ranged else ''}")
        if path.startswith("/api/models/"):
            return self._listing(path.removeprefix("/api/models/").partition("/revision/")[0], body)
        name, _, rest = path.lstrip("/").partition("/resolve/")
        file = self.server.models.get(name, Path("/nowhere")) / rest.partition("/")[2]
        if not file.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, body)
        return self._file(file, ranged, body)

    def _listing(self, name: str, body: bool) -> None:
        folder = self.server.models.get(name)
        if folder is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
        files = [{"rfilename": path.name, "size": path.stat().st_size} for path in sorted(folder.iterdir())]
        said = {"id": name, "modelId": name, "sha": COMMIT, "siblings": files, "tags": [], "downloads": 0, "likes": 0,
                "private": False, "cardData": {"license": "mit"}}  # fmt: skip
        return self._send(200, json.dumps(said).encode(), {"Content-Type": "application/json"}, body)

    def _file(self, file: Path, ranged: str, body: bool) -> None:
        content = file.read_bytes()
        headers = {
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "Accept-Ranges": "bytes",
        }
        if not ranged:
            return self._send(200, content, headers, body)
        first, _, last = ranged.removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        return self._send(206, part, headers, body)

    def _send(self, status: int, content: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        try:
            for start in range(0, len(content), 1 << 16):
                self.wfile.write(content[start : start + (1 << 16)])
                if self.server.slow and len(content) > 1 << 16:
                    time.sleep(self.server.slow)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the reader was stopped


@contextmanager
def served(models: dict[str, Path]) -> Iterator[Hub]:
    """A hub of these models on a free port of this machine."""
    hub = Hub(models)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
