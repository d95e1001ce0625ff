"""Jobs: their state is true whatever happens to them, a stop stops, and what was finished is kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import jobs
from data.errors import UserError
from data.workspace import Workspace

SAMPLE = Path(__file__).with_name("sample_job.py")


def ordered(workspace: Workspace, name: str = "sample", **config: Any) -> jobs.Run:
    return jobs.order(workspace, "bench", name, {"count": 5, **config}, {})


def started(run: jobs.Run) -> subprocess.Popen[bytes]:
    with open(run.folder / "log.txt", "ab") as log:
        return subprocess.Popen([sys.executable, str(SAMPLE), run.id], stdout=log, stderr=log, start_new_session=True)


def wait_for(workspace: Workspace, run: jobs.Run, fits: Callable[[jobs.Run], bool]) -> jobs.Run:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = jobs.load(workspace, run.id)
        if fits(run):
            return run
        time.sleep(0.02)
    raise AssertionError(f"still {run.status}\n{jobs.log_tail(run)}")


def test_a_run_reports_progress_and_ends_with_its_summary(workspace: Workspace) -> None:
    run = ordered(workspace)
    assert run.state == "queued"
    assert started(run).wait() == 0
    run = jobs.load(workspace, run.id)
    assert run.state == "done"
    assert run.status["summary"] == {"counted": 5, "started_from": 0}
    assert (run.status["done"], run.status["total"]) == (5, 5)
    assert [row["number"] for row in jobs.curve(run)] == [1, 2, 3, 4, 5]
    assert run.status["versions"]["torch"]


def test_what_the_user_can_fix_and_what_is_a_defect_end_differently(workspace: Workspace) -> None:
    fixable, broken = ordered(workspace, "a", fail_at=2), ordered(workspace, "b", break_at=2)
    assert (started(fixable).wait(), started(broken).wait()) == (2, 1)
    fixable, broken = jobs.load(workspace, fixable.id), jobs.load(workspace, broken.id)
    assert fixable.status["error"] == {"what": "The sample failed.", "fix": "Count less far."}
    assert "ZeroDivisionError" in broken.status["error"]["what"]
    assert "Traceback" in jobs.log_tail(broken)
    assert "Traceback" not in jobs.log_tail(fixable)


def test_a_stop_stops_and_the_run_goes_on_from_there(workspace: Workspace) -> None:
    run = ordered(workspace, count=2000)
    process = started(run)
    wait_for(workspace, run, lambda r: r.status.get("done", 0) > 1)
    stopped = jobs.stop(workspace, jobs.load(workspace, run.id))
    assert stopped.state == "stopped"
    assert process.wait() == 0
    reached = int((run.folder / "count.txt").read_text())
    assert reached < 2000
    (run.folder / "stop").unlink()
    (run.folder / "count.txt").write_text("1990")
    assert started(run).wait() == 0
    assert jobs.load(workspace, run.id).status["summary"] == {"counted": 2000, "started_from": 1990}


def test_a_killed_run_is_shown_as_died_and_can_be_taken_up_again(workspace: Workspace) -> None:
    run = ordered(workspace, count=2000)
    process = started(run)
    wait_for(workspace, run, lambda r: r.status.get("done", 0) > 1)
    process.kill()
    process.wait()
    died = jobs.load(workspace, run.id)
    assert died.state == "died"
    assert "killed" in died.status["error"]["what"]
    (run.folder / "count.txt").write_text("1995")
    assert started(run).wait() == 0
    assert jobs.load(workspace, run.id).state == "done"


def test_a_process_that_reuses_the_number_is_not_taken_for_the_run(workspace: Workspace) -> None:
    run = ordered(workspace, count=2000)
    process = started(run)
    wait_for(workspace, run, lambda r: r.state == "running")
    status = jobs.read_json(run.folder / "status.json")
    jobs.write_json(run.folder / "status.json", {**status, "pid_started": status["pid_started"] - 100})
    assert jobs.load(workspace, run.id).state == "died"
    process.kill()
    process.wait()


def test_the_second_job_waits_for_the_device_and_says_for_whom(workspace: Workspace) -> None:
    first, second = ordered(workspace, "first", count=2000), ordered(workspace, "second")
    one = started(first)
    wait_for(workspace, first, lambda r: r.state == "running")
    two = started(second)
    waiting = wait_for(workspace, second, lambda r: "waiting" in r.status.get("text", ""))
    assert waiting.state == "queued"
    assert first.id in waiting.status["text"]
    one.kill()
    one.wait()
    assert two.wait() == 0
    assert jobs.load(workspace, second.id).state == "done"


def test_a_run_never_runs_twice_at_once(workspace: Workspace) -> None:
    run = ordered(workspace, count=2000)
    first = started(run)
    wait_for(workspace, run, lambda r: r.state == "running")
    second = subprocess.run([sys.executable, str(SAMPLE), run.id], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "running already" in second.stderr
    assert jobs.load(workspace, run.id).state == "running"
    first.kill()
    first.wait()


def test_runs_are_found_by_id_beginning_and_name(workspace: Workspace) -> None:
    first, second = ordered(workspace, "same"), ordered(workspace, "same")
    assert jobs.find(workspace, first.id).id == first.id
    assert jobs.find(workspace, "same").id == second.id
    assert jobs.find(workspace, "same@1").id == first.id
    with pytest.raises(UserError, match="fits 2 runs"):
        jobs.find(workspace, first.id[:4])
    with pytest.raises(UserError, match="no run 'other'"):
        jobs.find(workspace, "other")


def test_a_finished_run_is_neither_stopped_nor_resumed(workspace: Workspace) -> None:
    run = ordered(workspace)
    started(run).wait()
    run = jobs.load(workspace, run.id)
    with pytest.raises(UserError, match="is not running: it is done"):
        jobs.stop(workspace, run)
    with pytest.raises(UserError, match="is done"):
        jobs.resume(workspace, run)


def test_a_done_run_is_not_carried_out_again_and_keeps_its_summary(workspace: Workspace) -> None:
    run = ordered(workspace)
    started(run).wait()
    before = (run.folder / "status.json").read_bytes()
    again = subprocess.run([sys.executable, str(SAMPLE), run.id], capture_output=True, text=True, check=False)
    assert again.returncode != 0
    assert f"Run {run.id} is done." in again.stderr
    assert (run.folder / "status.json").read_bytes() == before


@pytest.mark.parametrize(("room", "kind"), [("sft", "bench"), ("eval", "build"), ("rag", "train")])
def test_a_room_leaves_the_runs_of_another_alone(workspace: Workspace, room: str, kind: str) -> None:
    run = jobs.order(workspace, kind, "other", {}, {})
    tried = subprocess.run([sys.executable, "-m", room, "run", run.id], capture_output=True, text=True, check=False)
    assert tried.returncode == 2
    assert f"is of the kind '{kind}', which {room} does not carry out" in tried.stderr
    assert not (run.folder / "status.json").exists()
