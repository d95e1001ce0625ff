"""What one can do with a tuned model: export, merge, rename, delete it; and import an adapter made elsewhere."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from data import jobs
from data.aliases import called
from data.store import Artifact, versions
from data.workspace import Workspace, given_path
from sft import naming
from sft.adapters import KIND, WHOLE
from sft.bases import base_of, known
from sft.chores import order_export, order_import, order_merge
from sft.memory import told as size
from ui import cached, uploads
from ui.frame import guarded, notice, plain
from ui.watch import watch

SERVED = 2_000_000_000  # bytes that a browser is given; the server holds them in memory meanwhile


def export(workspace: Workspace, artifact: Artifact) -> None:
    """A ZIP to download: the files as they are, or an adapter folded into its base's weights."""
    manifest = cached.json_file(artifact.path / "manifest.json")
    whole, weighs = manifest["method"] in WHOLE, sum(p.stat().st_size for p in artifact.path.iterdir())
    choices = [f"As it is ({size(weighs)})"] + ([] if whole else ["Merged into its base: full weights, no PEFT needed"])
    what = st.radio("What", choices, key="tuned_export_what")
    st.caption("A ZIP with weights as safetensors, tokenizer, manifest and model card. "
               "From the shell: python -m sft export NAME FOLDER.")  # fmt: skip
    merging = what != choices[0]
    going = _newest(workspace, "export", artifact.ref, merging)
    if st.button("Make the ZIP", key="tuned_export", type="primary", disabled=bool(going and not going.ended)):
        with guarded():
            _start(workspace, order_export(workspace, artifact.ref, whole=merging))
    if going and going.state != "done":
        watch(workspace, going)
    elif going:
        _download(going)


def _download(run: jobs.Run) -> None:
    path = Path(run.status["summary"]["file"])
    if not path.exists():
        return
    if path.stat().st_size > SERVED:
        st.success(plain(f"The ZIP is ready ({size(path.stat().st_size)}), too large for a browser: {path}"),
                   icon=":material/check:")  # fmt: skip
        return
    st.download_button(f"Download {path.name} ({size(path.stat().st_size)})", path.read_bytes, path.name,
                       "application/zip", key="tuned_zip", icon=":material/download:", on_click="ignore")  # fmt: skip


def merge(workspace: Workspace, artifact: Artifact) -> None:
    """Fold an adapter into its base: a tuned model of full weights, beside the adapter."""
    manifest = cached.json_file(artifact.path / "manifest.json")
    if manifest["method"] in WHOLE:
        st.markdown("It holds full weights already: there is nothing to merge.")
        return
    st.markdown("Base and adapter become one set of full weights (float32), stored as a tuned model of its own. It "
                "answers as the adapter does, up to rounding, and loads without PEFT.")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the result", f"{called(workspace, KIND, artifact.name)}-merged", max_chars=64,
                             key=f"tuned_merge_{artifact.ref}")  # fmt: skip
        pressed = st.button("Merge", key="tuned_merge", type="primary")
    going = _newest(workspace, "merge", artifact.ref)
    if pressed:
        with guarded():
            _start(workspace, order_merge(workspace, artifact.ref, base_of(workspace, manifest), name))
    if going and going.state != "done":
        watch(workspace, going)
    elif going:
        st.caption(plain(f"Merged before: {called(workspace, KIND, going.status['summary']['name'])}."))


def rename(workspace: Workspace, artifact: Artifact) -> None:
    """Another name for all versions of one."""
    now = called(workspace, KIND, artifact.name)
    with st.form("tuned_rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("New name", now, max_chars=64, key=f"tuned_name_{artifact.name}")
        pressed = st.form_submit_button("Rename", key="tuned_rename_go")
    st.caption("All its versions go by the new name. Comparisons that named it keep its id and stay readable.")
    if pressed:
        with guarded():
            naming.rename(workspace, artifact.ref, name.strip())
            notice(f"{now} is now called {name.strip()}.")
            st.rerun()


def delete(workspace: Workspace, artifact: Artifact) -> None:
    """Delete a version, or all; runs that name it are looked at first, and the user is told."""
    name, numbers = called(workspace, KIND, artifact.ref), versions(workspace, KIND, artifact.name)
    every = len(numbers) > 1 and st.checkbox(f"All {len(numbers)} versions of it", key="tuned_delete_all")
    sure = st.checkbox("Also if finished runs name it: they keep their answers, but cannot be resumed",
                       key="tuned_delete_force")  # fmt: skip
    with st.popover(f"Delete {plain(name)}", icon=":material/delete:"):
        st.markdown(f"{plain(name)}{' and its other versions are' if every else ' is'} deleted for good.")
        if st.button("Delete", key="tuned_delete", type="primary"):
            with guarded():
                gone = naming.delete(workspace, artifact.ref, every, sure)
                notice(f"Deleted: {', '.join(gone)}.")
                st.rerun()


def take_in(workspace: Workspace) -> None:
    """Import a PEFT adapter made elsewhere: a ZIP, or a folder of this machine."""
    with st.expander("Import an adapter made elsewhere", key="tuned_import", icon=":material/upload:"):
        st.markdown("A LoRA adapter as PEFT writes it: adapter_config.json and adapter_model.safetensors. It is taken "
                    "in only if every one of its tensors fits its base.")  # fmt: skip
        left, right = st.columns(2)
        file = left.file_uploader("A ZIP of the adapter", type=["zip"], key="tuned_import_file")
        folder = right.text_input(
            "Or a folder on this machine", key="tuned_import_folder", placeholder="/path/to/adapter"
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name it gets here", key="tuned_import_name", max_chars=64, placeholder="its own")
            base = st.selectbox("Base model", known(workspace), index=None, key="tuned_import_base",
                                accept_new_options=True, placeholder="the one it names")  # fmt: skip
            pressed = st.button("Import", key="tuned_import_go", disabled=not (file or folder.strip()))
        if pressed:
            with guarded():
                path = uploads.save_one(workspace, file) if file else given_path(folder.strip())
                _start(workspace, order_import(workspace, path, name.strip() or None, base))
        runs = jobs.list_runs(workspace, "import")
        if runs and runs[0].state != "done":
            watch(workspace, runs[0])
        elif runs:
            st.caption(plain(f"Imported last: {called(workspace, KIND, runs[0].status['summary']['name'])}."))


def _start(workspace: Workspace, run: jobs.Run) -> None:
    jobs.start(workspace, run)
    st.rerun()


def _newest(workspace: Workspace, kind: str, ref: str, merging: bool = False) -> jobs.Run | None:
    """The newest job of a kind for one tuned model."""
    for run in jobs.list_runs(workspace, kind):
        wanted = kind != "export" or (
            run.order["config"]["to"] is None and bool(run.order["config"]["base"]) == merging
        )
        if run.order["inputs"]["tuned"] == ref and wanted:
            return run
    return None
