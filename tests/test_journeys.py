"""Whole journeys in a real browser, against the real server, on a copy of the demo workspace. No request may leave."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import docx
import psutil
import pytest
from fpdf import FPDF
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from data.demo.first_start import SHIPPED
from data.jobs import child_environment
from tests.browser import chromium_options

pytestmark = pytest.mark.browser
HOME = Path(__file__).resolve().parents[1]
SLOW = 120_000
needs_demo = pytest.mark.skipif(not SHIPPED.is_dir(), reason="the demo workspace is not built (make demo)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all journeys. Where none starts: a skip with the reason, or a failure when CI is true."""
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(**chromium_options())
        except Error as error:
            reason = f"no Chromium or Chrome to drive: {str(error).splitlines()[0]}"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a new workspace, which it fills with the demo by itself (if one is shipped)."""
    root = tmp_path_factory.mktemp("journeys") / "workspace"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"],
        cwd=HOME, env={**child_environment(), "CROSSOVER_HOME": str(root)}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield address
        assert not _heavy(started.pid), "the page's server loaded a model library"
    finally:
        _end(started, root)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:  # noqa: S310 - our own server
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


def _heavy(pid: int) -> list[str]:
    """Files of model libraries in the server's memory."""
    if not sys.platform.startswith("linux"):
        return []
    pattern = re.compile(r"libtorch|/faiss/|/sentencepiece")
    return [line.path for line in psutil.Process(pid).memory_maps() if pattern.search(line.path)]


def _end(started: subprocess.Popen[bytes], root: Path) -> None:
    """End the server, and the model worker that it started."""
    worker = root / "worker.json"
    if worker.exists():
        pid = json.loads(worker.read_text())["pid"]
        if psutil.pid_exists(pid):
            psutil.Process(pid).terminate()
    os.killpg(started.pid, signal.SIGTERM)
    started.wait(20)


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A fresh page; the test fails if it asked anything of another machine."""
    context = browser.new_context(viewport={"width": 1300, "height": 950}, base_url=server)
    opened = context.new_page()
    left: list[str] = []
    own = (server, server.replace("http", "ws"), "data:", "blob:")
    opened.on("request", lambda request: None if request.url.startswith(own) else left.append(request.url))
    opened.set_default_timeout(SLOW)
    yield opened
    context.close()
    assert not left, f"requests left this machine: {left}"


def open_page(page: Page, name: str, title: str) -> None:
    page.goto(f"/{name}")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=SLOW)


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a select box."""
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option).first.click()


@needs_demo
def test_a_newcomer_reads_the_demo_comparison(page: Page) -> None:
    open_page(page, "", "Should I fine-tune, retrieve, do both, or neither?")
    for corner in ("Base", "RAG", "SFT", "SFT + RAG"):
        metric = page.get_by_test_id("stMetric").filter(has=page.get_by_text(corner, exact=True))
        expect(metric.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"\d+\.\d %"))
    expect(page.get_by_text("demo workspace")).to_be_visible()
    expect(page.get_by_text("small demonstration model")).to_be_visible()
    page.get_by_test_id("stVegaLiteChart").first.wait_for()
    page.get_by_text("See every question and answer").click()
    expect(page.get_by_role("heading", name="Every question")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Accepted:").first).to_be_visible()
    assert "run=" in page.url


def test_two_documents_are_uploaded_and_searched(page: Page, tmp_path: Path) -> None:
    (tmp_path / "boat.md").write_text("# Ferry\n\nThe Marrow ferry leaves the north quay at 6:40 on weekdays.\n")
    (tmp_path / "tea.md").write_text("# Tea\n\nBramble tea is steeped for nine minutes in a covered pot.\n")
    open_page(page, "knowledge", "Knowledge base")
    choose_if_there(page, "Knowledge base", "a new one")
    page.get_by_label("Name of the new one").fill("harbour")
    page.locator("input[type=file]").set_input_files([tmp_path / "boat.md", tmp_path / "tea.md"])
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_text("harbour@1: 2 documents")).to_be_visible(timeout=SLOW)
    choose(page, "Knowledge base", "harbour")
    page.get_by_label("Try a search").fill("When does the ferry leave?")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Found for: When does the ferry leave?")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("leaves the north quay at 6:40").first).to_be_visible()


@needs_demo
def test_a_passage_is_marked_in_the_search_lab_and_outlives_a_reload(page: Page) -> None:
    open_page(page, "lab", "Search lab")
    choose_if_there(page, "Knowledge base", "brindlewick")
    page.get_by_label("Question", exact=True).fill("How long is the warranty of the Tolvi 3 lamp?")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Found for: How long is the warranty")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("The warranty of the Tolvi 3 lamp lasts")).to_have_count(3)
    page.get_by_role("button", name="Right", exact=True).first.click()
    expect(page.get_by_text("Marked as right")).to_have_count(3, timeout=SLOW)
    page.reload()
    expect(page.get_by_text("1 question. In brindlewick@1: 1 found where they were.")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("No passage is marked yet.")).to_be_visible(timeout=SLOW)


def houses(folder: Path) -> tuple[list[Path], Path]:
    """Twelve documents of four sentences each, and questions about two sentences of every one with their evidence."""
    streets = [
        "amber",
        "basin",
        "cedar",
        "delta",
        "ember",
        "fjord",
        "grove",
        "heath",
        "islet",
        "jetty",
        "knoll",
        "ledge",
    ]
    documents, rows = [], []
    for street in streets:
        told = [f"House {n} in {street} street is kept by the family {street}son since the year {1800 + n}."
                for n in range(4)]  # fmt: skip
        documents.append(folder / f"{street}.md")
        documents[-1].write_text(f"# {street.capitalize()} street\n\n{' '.join(told)}\n")
        rows += [{"question": f"Who keeps house {n} in {street} street?", "answer": f"the family {street}son",
                  "document": f"{street}.md", "evidence": told[n]} for n in (0, 3)]  # fmt: skip
    questions = folder / "validation.jsonl"
    questions.write_text("\n".join(map(json.dumps, rows)))
    return documents, questions


def test_settings_are_tried_adopted_and_become_the_defaults_of_ask(page: Page, tmp_path: Path) -> None:
    documents, questions = houses(tmp_path)
    open_page(page, "knowledge", "Knowledge base")
    choose_if_there(page, "Knowledge base", "a new one")
    page.get_by_label("Name of the new one").fill("streets")
    page.locator("input[type=file]").set_input_files(documents)
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_text("streets@1: 12 documents")).to_be_visible(timeout=SLOW)

    open_page(page, "lab", "Search lab")
    choose_if_there(page, "Knowledge base", "streets")
    expect(
        page.get_by_text("streets@1: passages of 160 tokens, overlap 0, fused, k = 4 (never tuned).")
    ).to_be_visible()
    choose_if_there(page, "Questions with their evidence", "a file of mine")
    page.locator("input[type=file]").set_input_files(questions)
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text("The half that chose")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile(r"On the \d+ questions of the half that did not choose"))).to_be_visible()
    said = page.locator("p").filter(has_text="Chosen:").inner_text()
    k = re.search(r"k = (\d+)", said)
    assert k, said
    assert k.group(1) != "4", "two passages find these as well as four"
    page.get_by_role("button", name="Make these its own settings").click()
    expect(page.get_by_text("These settings are in use.")).to_be_visible(timeout=SLOW)

    open_page(page, "ask", "Ask")
    choose_if_there(page, "Knowledge base", "streets@2")
    expect(page.get_by_text(re.compile(rf"streets@2: {k.group(1)} passages, .*tuned on 24 questions"))).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Passages")).to_have_value(k.group(1))


def five_files(folder: Path) -> dict[str, Path]:
    """A file of each kind, by writers of their own; the PDF is protected by a password."""
    paths = {name: folder / name for name in ("kettle.pdf", "door.docx", "garden.html", "prices.csv", "boat.md")}
    kettle_pdf(paths["kettle.pdf"], password="secret")  # noqa: S106 - what makes it unreadable
    door = docx.Document()
    door.add_heading("Door", 1)
    door.add_paragraph("The cellar door is opened with the brass key.")
    door.save(str(paths["door.docx"]))
    garden = "<h1>Garden</h1><p>The quince tree is pruned in late February, before its buds open.</p>"
    paths["garden.html"].write_text(f"<html><body><main>{garden}</main></body></html>")
    paths["prices.csv"].write_text("thing,price\nlantern,forty crowns\nrope,nine crowns\n")
    paths["boat.md"].write_text("# Ferry\n\nThe Marrow ferry leaves the north quay at 6:40 on weekdays.\n")
    return paths


def kettle_pdf(path: Path, password: str = "") -> None:
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica", size=12)
    paper.multi_cell(0, 8, "The copper kettle boils a litre of water in four minutes.")
    if password:
        paper.set_encryption(owner_password=password + "!", user_password=password)
    paper.output(str(path))


def look_up(page: Page, question: str, found: str) -> None:
    """Search on the Knowledge page until its first hit is there."""
    page.get_by_label("Try a search").fill(question)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text(f"Found for: {question}")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(found).first).to_be_visible(timeout=SLOW)


def test_five_files_are_given_one_is_mended_and_an_edit_changes_what_is_found(page: Page, tmp_path: Path) -> None:
    files = five_files(tmp_path)
    open_page(page, "knowledge", "Knowledge base")
    choose_if_there(page, "Knowledge base", "a new one")
    page.get_by_label("Name of the new one").fill("house")
    page.locator("input[type=file]").set_input_files(list(files.values()))
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_text(re.compile("house@1: 5 documents"))).to_be_visible(timeout=SLOW)
    refusal = "kettle.pdf is protected by a password. Remove the password and give it again."
    expect(page.get_by_text(refusal).first).to_be_visible()

    kettle_pdf(files["kettle.pdf"])
    expect(page.get_by_role("combobox", name="Knowledge base", exact=True)).to_have_value("house")
    page.locator("input[type=file]").set_input_files([files["kettle.pdf"]])
    page.get_by_role("button", name="Build", exact=True).click()
    expect(
        page.get_by_text("house@2: 6 documents from 5 files, 6 passages: 1 embedded anew, 5 taken over.")
    ).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(refusal)).to_have_count(0)
    look_up(page, "How fast does the kettle boil?", "boils a litre of water in four minutes")
    look_up(page, "When does the ferry leave?", "leaves the north quay at 6:40")

    page.get_by_text("Edit or remove", exact=True).click()
    choose(page, "Document", "boat.md")
    text = page.get_by_label("Its text, as it was extracted")
    expect(text).to_have_value(re.compile("6:40"))
    text.fill("# Ferry\n\nThe Marrow ferry leaves the south quay at 9:15 every day.\n")
    text.blur()
    page.get_by_role("button", name="Save as a new version").click()
    expect(
        page.get_by_text("house@3: 6 documents from 5 files, 6 passages: 1 embedded anew, 5 taken over.")
    ).to_be_visible(timeout=SLOW)
    page.get_by_text("Search", exact=True).first.click()
    look_up(page, "When does the ferry leave?", "leaves the south quay at 9:15")
    expect(page.get_by_text("leaves the north quay at 6:40")).to_have_count(0)


def choose_the_demo(page: Page) -> None:
    """The demo's tuned model and knowledge base, where those of earlier journeys come first."""
    for label in ("Tuned model", "Knowledge base"):
        choose_if_there(page, label, "brindlewick@1")


def choose_if_there(page: Page, label: str, option: str) -> None:
    """Pick an option unless it is chosen already."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.wait_for()
    if box.input_value() != option:
        choose(page, label, option)


def test_a_fine_tune_outlives_a_reload_is_stopped_resumed_finished_and_asked(page: Page, tmp_path: Path) -> None:
    wings = ("left wing", "right wing", "middle hall")
    rows = [{"question": f"Where is shelf {i}?", "answer": wings[i % 3]} for i in range(60)]
    (tmp_path / "shelves.jsonl").write_text("\n".join(map(json.dumps, rows)))
    open_page(page, "tune", "Fine-tune")
    page.get_by_label("Name of the tuned model", exact=True).first.fill("shelves")
    choose_if_there(page, "Training rows", "a file of mine")
    given = page.get_by_test_id("stFileUploader").filter(has_text="Training rows: the file")  # the page has others
    given.locator("input[type=file]").set_input_files(tmp_path / "shelves.jsonl")
    page.get_by_role("spinbutton", name="Epochs").fill("30")
    page.get_by_text("More settings").click()
    page.get_by_role("spinbutton", name="Patience").fill("0")
    page.get_by_role("spinbutton", name="Patience").press("Enter")
    page.get_by_role("button", name="Launch fine-tune").click()
    expect(page.get_by_text(re.compile(r"step \d+ of \d+")).first).to_be_visible(timeout=3 * SLOW)
    assert "run=" in page.url
    before = _step(page)
    page.reload()
    expect(page.get_by_text(re.compile(r"step \d+ of \d+")).first).to_be_visible(timeout=SLOW)
    assert _step(page) >= before, "the training went on"
    page.get_by_test_id("stVegaLiteChart").first.wait_for()
    for number in ("Training loss", "Time left", "Learning rate", "Gradient norm", "Tokens per second", "Memory"):
        expect(page.get_by_text(number, exact=True).first).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    stood = page.get_by_text(re.compile(r"^It ended after step \d+ of 120\. Resume goes on"))
    expect(stood).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile(r"shelves@\d: 120 steps; kept after step \d+"))).to_be_visible(timeout=5 * SLOW)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    expect(page.get_by_text(re.compile(r"^Took \d+.*-train-shelves"))).to_be_visible()  # said only of what is done
    expect(page.get_by_text(re.compile(r"Kept: the checkpoint after step \d+"))).to_be_visible()
    newest = re.search(r"shelves@\d", page.get_by_text(re.compile(r"shelves@\d: 120 steps")).first.inner_text())
    assert newest

    open_page(page, "ask", "Ask")
    choose_if_there(page, "Tuned model", newest.group())
    page.get_by_label("Your question").fill("Where is shelf 7?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text(re.compile("^(left wing|right wing|middle hall)$")).first).to_be_visible(timeout=SLOW)


def _step(page: Page) -> int:
    found = re.search(r"step (\d+) of", page.get_by_text(re.compile(r"step \d+ of \d+")).first.inner_text())
    assert found
    return int(found.group(1))


@needs_demo
def test_a_small_comparison_is_run_and_its_table_read(page: Page) -> None:
    open_page(page, "compare", "Compare")
    page.get_by_text("Start a new comparison").click()
    choose_the_demo(page)
    page.get_by_label("Name of the comparison").fill("small")
    page.get_by_role("spinbutton", name="Questions at most").fill("6")
    page.get_by_role("spinbutton", name="Questions at most").press("Enter")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("6 of 6 questions")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("sft+rag", exact=True).first).to_be_attached()


@needs_demo
def test_a_question_gets_four_answers(page: Page) -> None:
    open_page(page, "ask", "Ask")
    choose_the_demo(page)
    page.get_by_role("button", name=re.compile("Tolvi 3 lamp")).click()
    expect(page.get_by_text("The six steps in detail", exact=True)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile(r"The \d+ passages that were read"))).to_be_visible()
    link = page.get_by_role("link", name="[1]", exact=True).first
    link.click()
    expect(page.locator("#passage-1")).to_be_in_viewport()


@needs_demo
def test_a_comparison_is_launched_read_filtered_opened_voted_on_and_taken_home(page: Page, tmp_path: Path) -> None:
    verdict = launched_and_read(page)
    run = page.url.partition("run=")[2]
    assert run, "the address names the comparison"
    filtered_and_opened(page)
    preferred = voted(page, run)
    page.goto(f"/compare?run={run}")
    with page.expect_download() as coming:
        page.get_by_role("button", name="HTML", exact=True).click()
    coming.value.save_as(tmp_path / "report.html")
    report = page.context.new_page()
    report.goto((tmp_path / "report.html").as_uri())
    expect(report.get_by_text(verdict, exact=True)).to_be_visible()
    for title in ("Why answers are wrong", "Time and memory", "Human votes", "Was it fair", "Every question"):
        expect(report.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(report.get_by_text(preferred)).to_be_visible()
    expect(report.locator("svg").first).to_be_visible()
    report.close()


def launched_and_read(page: Page) -> str:
    """Run 40 questions; the sentence that says which system answers best."""
    open_page(page, "compare", "Compare")
    page.get_by_text("Start a new comparison").click()
    choose_the_demo(page)
    page.get_by_label("Name of the comparison").fill("journey")
    page.get_by_role("spinbutton", name="Questions at most").fill("40")
    page.get_by_role("spinbutton", name="Questions at most").press("Enter")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("40 of 40 questions")).to_be_visible(timeout=2 * SLOW)
    verdict = page.get_by_text(re.compile(r"^Over all 40 questions .+ answers best"))
    expect(verdict.first).to_be_visible()
    expect(page.get_by_role("heading", name="Why answers are wrong")).to_be_visible()
    return verdict.first.inner_text()


def filtered_and_opened(page: Page) -> None:
    """Only questions that sft has right and base wrong; the first one's answers and a prompt are read."""
    page.get_by_role("radio", name="A right, B wrong").or_(page.get_by_role("button", name="A right, B wrong")).click()
    choose_if_there(page, "A: right", "sft")
    choose_if_there(page, "B: wrong", "base")
    found = page.get_by_text(re.compile(r"^\d+ of 40 questions$"))
    expect(found).not_to_have_text("40 of 40 questions", timeout=SLOW)
    card = page.locator(".st-key-question_answer_0")
    expect(card.get_by_text("✗ wrong")).to_be_visible()
    expect(page.locator(".st-key-question_answer_1").get_by_text("✓ right")).to_be_visible()
    page.locator(".st-key-question_answer_2").get_by_text("The prompt").click()
    expect(page.get_by_text(re.compile("Context:")).first).to_be_visible()


def voted(page: Page, run: str) -> re.Pattern[str]:
    """Vote on five pairs by keyboard; what the page then says of the two systems."""
    page.goto(f"/review?run={run}")
    page.get_by_label("Your name, as rater").fill("ada")
    page.get_by_role("button", name="Start the vote").click()
    expect(page.get_by_text(re.compile(r"^0 of \d+ pairs voted on"))).to_be_visible(timeout=SLOW)
    for count, key in enumerate(("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "ArrowLeft"), 1):
        page.keyboard.press(key)
        expect(page.get_by_text(re.compile(rf"^{count} of \d+ pairs voted on"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="End the vote").click()
    said = re.compile(r"Few votes, indicative only: sft was preferred to rag in \d+ %")
    expect(page.get_by_text(said)).to_be_visible(timeout=SLOW)
    return said
