"""CPU of the page's server against a bare Streamlit page with Streamlit's defaults, each driven by a real browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from data import jobs
from data.demo.first_start import copy_demo
from data.workspace import open_workspace
from tests.bench.rows import Row
from tests.browser import chromium_options

ROOT = Path(__file__).resolve().parents[2]
RERUNS, POLLED_SECONDS = 20, 20


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_options())
        hello = Path(folder) / "hello.py"
        hello.write_text('import streamlit as st\n\nst.title("Hello")\n')
        with server(hello, Path(folder), {}) as (process, url):
            bare_start, bare_rerun = _opened(browser.new_page(), process, url, "Hello")
        home = Path(folder) / "home"
        copy_demo(home)
        with server(ROOT / "app.py", ROOT, {"CROSSOVER_HOME": str(home)}) as (process, url):
            start, rerun = _opened(browser.new_page(), process, url, "Should I fine-tune")
            yield Row(
                "server CPU to the first finished run of the Overview, against hello",
                f"{start / bare_start:.2f}x",
                "≤ 3x (aim 2x)",
                start <= 3 * bare_start,
            )
            ratio = rerun / bare_rerun
            yield Row("CPU of a rerun of the Overview, against hello", f"{ratio:.2f}x", "≤ 1x", ratio <= 1)
            share = _polled(browser.new_page(), process, url, home)
            yield Row("polling a running job at 1 Hz, share of a core", f"{100 * share:.1f} %", "≤ 2 %", share <= 0.02)
        browser.close()


@contextmanager
def server(script: Path, folder: Path, extra: dict[str, str]) -> Iterator[tuple[psutil.Process, str]]:
    """A Streamlit server of its own process group, with what it needs to know; ended afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    child = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **extra}, start_new_session=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{url}/_stcore/health")
        yield psutil.Process(child.pid), url
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait()


def _wait_until_up(url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _opened(page: Page, process: psutil.Process, url: str, heading: str) -> tuple[float, float]:
    """CPU seconds of the server until the page's first run has finished, and of one rerun."""
    page.goto(url)
    page.get_by_role("heading", name=heading).first.wait_for(timeout=120_000)
    _settled(page)
    start = _cpu(process)
    for _ in range(RERUNS):
        page.keyboard.press("r")
        time.sleep(0.5)
    _settled(page)
    return start, (_cpu(process) - start) / RERUNS


def _settled(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    time.sleep(1)


def _polled(page: Page, process: psutil.Process, url: str, home: Path) -> float:
    """Share of a core that the server takes while a page watches a job that never moves on."""
    workspace = open_workspace(home)
    run = jobs.order(workspace, "bench", "polled", {}, {})
    me = psutil.Process()
    status: dict[str, Any] = {
        "state": "running", "pid": me.pid, "pid_started": me.create_time(), "host": jobs.platform.node(),
        "boot_id": jobs._boot_id(), "done": 1, "total": 100, "text": "counting", "seconds": 1.0, "updated": "",
    }  # fmt: skip
    jobs.write_json(run.folder / "status.json", status)
    page.goto(f"{url}/runs?run={run.id}")
    page.get_by_test_id("stProgress").get_by_text("counting").wait_for(timeout=60_000)
    _settled(page)
    before = _cpu(process)
    time.sleep(POLLED_SECONDS)
    return (_cpu(process) - before) / POLLED_SECONDS
