"""Choosing a base model: one on this machine, or one of the hub, which is looked at and downloaded only when asked.

``pick`` is the field; ``told`` says below it what the choice is and returns its exact name once it can be used.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlparse

import psutil
import streamlit as st

from data import jobs
from data.errors import UserError
from data.prompts import BUNDLED
from data.workspace import Workspace
from sft.bases import known
from sft.catalogue import facts
from sft.chores import order_fetch
from sft.lookup import here
from sft.memory import told as size
from sft.refusals import TOKENIZERS
from sft.sources import ModelSource, weight_files
from ui.cached import stamp
from ui.errand import result_of, run_errand
from ui.frame import guarded, plain
from ui.watch import watch

HELP = (
    "The bundled model, one of the local cache, or a folder used before. Or type in the path of a folder, or the id of "
    "a model on the Hugging Face hub (organisation/name): you then see what it is before anything is downloaded."
)


def pick(workspace: Workspace, key: str) -> str:
    """The field. Returns the model's name as chosen or typed; ``told`` says whether it can be used."""
    options = dict.fromkeys([*known(workspace), *filter(None, [st.session_state.get(key)])])  # also what was typed
    chosen = st.selectbox("Base model", list(options), key=key, accept_new_options=True, help=HELP)
    return (chosen or BUNDLED).strip()


def told(workspace: Workspace, model: str, key: str) -> str | None:
    """Say what the model is, or why it cannot be used, or offer to fetch it. Its exact name; None while not usable."""
    try:
        source = here(model)
        said = _said(source) if source else None
    except UserError as error:
        st.error(plain(error.fix), title=plain(error.what), icon=":material/error:")
        return None
    if source is None or said is None:
        _offer(workspace, model, key)
        return None
    if said["why"]:
        st.error("Choose another causal language model.", icon=":material/block:",
                 title=plain(f"Model {model!r} cannot be used: {said['why']}"))  # fmt: skip
        return None
    st.caption(plain(f"{source.id}: {said['line']}."))
    memory = psutil.virtual_memory().total
    if said["to_ask"] > memory:
        needed = f"Asking it takes about {size(said['to_ask'])} of memory, and this machine has {size(memory)}."
        st.warning(plain(needed), icon=":material/memory:")
    return source.exact


def _said(source: ModelSource) -> dict[str, Any]:
    """What a model on this machine is; found out once for each state of its files. Raises UserError."""
    if source.exact == BUNDLED:
        return {"why": "", "line": facts(source).line(), "to_ask": 0}
    small = (source.path / name for name in ("config.json", *TOKENIZERS))
    changed = tuple(stamp(path) for path in (*small, *weight_files(source.path)))
    return result_of(_looked_at(source.exact, changed))


@st.cache_data(max_entries=50, show_spinner="Looking at the model")
def _looked_at(model: str, changed: tuple[int, ...]) -> dict[str, Any]:
    """Whether a type of model can be loaded is known to a heavy library, so another process is asked."""
    return run_errand({"do": "model", "model": model, "ask_hub": False})


def _offer(workspace: Workspace, model: str, key: str) -> None:
    """A hub model that is not here: look it up, then download it, each only when asked; progress and a stop."""
    with st.container(border=True, key=f"{key}_offer"):
        st.markdown(f"**{plain(model)} is not on this machine.**")
        if run := _download(workspace, model):
            watch(workspace, run)
            return
        offer = st.session_state.get(f"offer_{model}")
        if offer is None:
            host = _host()
            st.caption(plain(f"Looking it up asks {host} for its files, sizes and licence; nothing is downloaded yet."))
            if st.button("Look it up", key=f"{key}_look", icon=":material/travel_explore:"):
                _look(model)
            return
        st.caption(plain(f"{offer['exact'].replace('@', ', commit ')}. {offer['line']}."))
        if st.button(
            f"Download {size(offer['bytes'])}", key=f"{key}_fetch", type="primary", icon=":material/download:"
        ):
            with guarded():
                jobs.start(workspace, order_fetch(workspace, offer["exact"]))
                st.rerun()


def _look(model: str) -> None:
    with guarded():
        with st.spinner(f"Asking {_host()}"):
            answer = run_errand({"do": "model", "model": model, "ask_hub": True})
        st.session_state[f"offer_{model}"] = result_of(answer)
        st.rerun()


def _download(workspace: Workspace, model: str) -> jobs.Run | None:
    """The newest download of this model, unless it came to its end: what it fetched is gone from here again."""
    runs = (run for run in jobs.list_runs(workspace, "fetch") if _same(run.order["config"]["fetch"], model))
    newest = next(runs, None)
    return None if newest is None or newest.state == "done" else newest


def _same(fetched: str, model: str) -> bool:
    """Whether a download fetches what was typed: an id alone means any commit, a commit may be cut short."""
    id_, _, revision = model.partition("@")
    known, _, commit = fetched.partition("@")
    return known == id_ and commit.startswith(revision)


def _host() -> str:
    from huggingface_hub import constants

    return urlparse(constants.ENDPOINT).netloc
