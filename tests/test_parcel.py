"""A ZIP of an adapter: what it may hold and grow to, and that nothing in it is written anywhere else."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from data.errors import UserError
from data.limits import Limits
from sft.parcel import unzipped


def adapter_zip(path: Path, files: dict[str, bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
USELESS = {
    "empty": ({"notes.txt": b"{}"}, "in.zip holds no adapter_config.json."),
    "two": ({f"a/{CONFIG}": b"{}", f"b/{CONFIG}": b"{}"}, "in.zip holds 2 adapters."),
    "outside": ({f"../../x/{CONFIG}": b"{}"}, f"in.zip holds ../../x/{CONFIG}, which has a name that leads out of"),
    "root": ({f"/{CONFIG}": b"{}"}, f"in.zip holds /{CONFIG}, which has a name that leads out of the ZIP."),
    "bomb": ({CONFIG: b"{}", WEIGHTS: bytes(30_000_000)}, "in.zip unpacks to 10"),
}


@pytest.mark.parametrize("harm", USELESS)
def test_a_zip_of_no_use_is_refused_and_nothing_of_it_is_written_elsewhere(tmp_path: Path, harm: str) -> None:
    files, said = USELESS[harm]
    path = adapter_zip(tmp_path / "in.zip", files)
    with pytest.raises(UserError) as refused:
        unzipped(path, tmp_path / "into" / "here")
    assert refused.value.what.startswith(said)
    assert [one for one in (tmp_path / "into").rglob("*") if one.is_file()] == []
    assert {one.name for one in tmp_path.iterdir()} <= {"in.zip", "into"}


def test_a_zip_that_is_none_that_is_too_large_or_of_too_many_entries_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("not a ZIP")
    with pytest.raises(UserError, match=r"text\.zip is damaged, locked or not a ZIP"):
        unzipped(tmp_path / "text.zip", tmp_path / "into")
    path = adapter_zip(tmp_path / "in.zip", {CONFIG: b"{}", WEIGHTS: os.urandom(1000), "more.txt": b"", "z.txt": b""})
    with pytest.raises(UserError, match=r"in\.zip unpacks to 1 kB; the limit is 500 bytes"):
        unzipped(path, tmp_path / "into", Limits(unpacked_bytes=500))
    with pytest.raises(UserError, match=r"in\.zip holds 4 entries; the limit is 3"):
        unzipped(path, tmp_path / "into", Limits(entries=3))
    assert (Limits().ratio, Limits().unpacked_bytes) == (100, 1_000_000_000)


def test_only_files_of_an_adapter_come_out_of_a_zip_and_a_zip_inside_stays_closed(tmp_path: Path) -> None:
    inner = adapter_zip(tmp_path / "inner.zip", {CONFIG: b"{}", WEIGHTS: bytes(30_000_000)}).read_bytes()
    files = {f"mine/{CONFIG}": b"{}", f"mine/{WEIGHTS}": b"weights", "mine/inner.zip": inner, "mine/run.py": b"1",
             "other/manifest.json": b"{}"}  # fmt: skip
    out = unzipped(adapter_zip(tmp_path / "in.zip", files), tmp_path / "into")
    assert sorted(one.name for one in out.iterdir()) == [CONFIG, WEIGHTS]
