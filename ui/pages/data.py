"""Data: give files of questions, see how they are read, and store them under a name."""

import streamlit as st

from data.dataset import SPLITS
from ui import cached, checking, pickers, uploads
from ui.errand import Refused, result_of, run_errand
from ui.frame import empty, guarded, notice, warnings, workspace

SPLIT_WORDS = {"test": "Test questions", "train": "Training questions", "validation": "Validation questions"}
home = workspace()
stored = cached.artifacts(home, "datasets")

st.title("Data")
st.markdown("Questions with their answers, to measure with and to train on. JSONL, JSON, CSV or Parquet.")
notice()
warnings(cached.damaged(home, "datasets"))
with st.expander("What is a test set? I only have documents", expanded=not stored, key="data_help"):
    checking.explain_test_set()

files, places = {}, [*st.columns(2), *st.columns(2)]
for (split, words), column in zip(SPLIT_WORDS.items(), places, strict=False):
    file = column.file_uploader(words, pickers.FILES, key=f"data_{split}")
    if file:
        files[split] = str(uploads.save_one(home, file))
given = places[3].file_uploader("Documents (optional)", key="data_documents", accept_multiple_files=True)
folder = str(uploads.save(home, given)) if given else None

if files:
    mapping, summary, columns = checking.chosen_columns(str(files)), None, []
    with guarded():
        try:
            summary = cached.checked(files, folder, mapping)
            columns = [name for part in summary["splits"].values() for name in part["columns"]]
            checking.show(summary)
        except Refused as error:
            columns = [name for names in error.columns.values() for name in names]
            raise
    if columns:
        checking.column_form(list(dict.fromkeys(columns)), bool(mapping) or not summary, str(files))
    if summary:
        with st.form("data_store", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of this dataset", key="data_name", placeholder="help-desk", max_chars=64)
            if st.form_submit_button("Store it", type="primary", key="data_save"):
                with guarded(), st.spinner("Storing it"):
                    request = {"do": "add", "workspace": str(home.root), "name": name, "files": files}
                    ref = result_of(run_errand(request | {"documents": folder, "mapping": mapping}))["name"]
                    notice(f"Stored as {ref}.")
                    st.rerun()

st.subheader("Stored datasets")
rows = [
    {"Name": one.ref, **{split.capitalize(): manifest["splits"].get(split, {}).get("rows", 0) for split in SPLITS},
     "Document files": manifest["documents"], "Stored under": str(one.path.relative_to(home.root))}
    for one, manifest in stored
]  # fmt: skip
if rows:
    st.dataframe(rows, hide_index=True, key="data_stored", alt="Stored datasets")
else:
    empty("No dataset is stored yet.", "Choose a file of test questions above, or download a template to begin with.")
