"""What reading uploaded question files gave: counts, mapping, rendered rows, refused rows, leakage."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui import leakage
from ui.frame import plain

FIELDS = {
    "question": "Question", "answers": "Answers", "evidence": "Evidence", "document": "Document", "task": "Task",
    "format": "Format", "answerable": "Answerable", "fact": "Fact", "tags": "Tags", "id": "Id",
}  # fmt: skip
HELP = {
    "answers": "One accepted answer, or a list of them.",
    "evidence": "The text of the passage that holds the answer.",
    "document": "The document that holds the answer.",
    "task": "short, text, label or number; without it, the answers decide.",
    "format": "label:a|b|c, number, regex:..., json or words<=N.",
    "answerable": "false where the right answer is: I don't know.",
    "fact": "Rows that ask the same fact in other words share it.",
    "tags": "Kinds of questions, to see scores for each.",
}
NO_LEAK = "No test question stands in the training data, or among the documents."
AUTOMATIC = "as recognised"
TEMPLATE_CSV = (
    "question,answer,document,evidence,task\n"
    '"How long is the warranty of the kettle?","24 months","warranty.md",'
    '"The kettle has a warranty of 24 months.",short\n'
    '"My parcel never came. Which team takes this ticket?","shipping","","",label\n'
)
TEMPLATE_JSONL = (
    '{"question": "How long is the warranty of the kettle?", "answer": "24 months", "document": "warranty.md", '
    '"evidence": "The kettle has a warranty of 24 months.", "task": "short"}\n'
    '{"question": "My parcel never came. Which team takes this ticket?", "answer": "shipping", "task": "label"}\n'
)


def explain_test_set() -> None:
    """For people who have documents and no questions yet: what a test set is, and a file to begin with."""
    st.markdown(
        "A **test set** is a list of questions with the answers you would accept. Every system answers the same "
        "questions, and what it gets right is counted; so the questions should be the ones you will really ask.\n\n"
        "- **Test** questions only measure. None of them may stand in the training file.\n"
        "- **Training** questions teach a fine-tuned model. You need them only to fine-tune.\n"
        "- **Validation** questions watch the training. Without a file, a tenth of the training rows is set aside.\n\n"
        "Fifty test questions give a first picture, two hundred a clear one. Let somebody who knows the documents "
        "write them without looking for easy ones, and copy the sentence that holds the answer into *evidence*: "
        "then Crossover can tell a wrong search from a wrong reading."
    )
    with st.container(horizontal=True):
        st.download_button("Template as CSV", TEMPLATE_CSV, "questions.csv", "text/csv", key="template_csv",
                           icon=":material/download:", on_click="ignore")  # fmt: skip
        st.download_button("Template as JSONL", TEMPLATE_JSONL, "questions.jsonl", "application/jsonl",
                           key="template_jsonl", icon=":material/download:", on_click="ignore")  # fmt: skip


def chosen_columns(files: str, form: str = "data") -> dict[str, str]:
    """{field: column} where the user chose one for these ``files`` in the form of ``column_form``.

    Other files have other columns, so each begins with what is recognised. A key of our own holds the choice, for
    Streamlit forgets a field that is not drawn.
    """
    return dict(st.session_state.get(f"{form}_columns_of_{files}", {}))


def column_form(columns: list[str], opened: bool, files: str, form: str = "data") -> None:
    """One choice per field among the columns of these ``files``; ``form`` is the page it stands on."""
    chosen = chosen_columns(files, form)
    options = list(dict.fromkeys([AUTOMATIC, *columns, *chosen.values()]))  # what was chosen can be seen and taken back
    with st.expander("Change which columns are read", expanded=opened, key=f"{form}_mapping"), st.grid(5):
        for field, words in FIELDS.items():
            st.session_state[f"{form}_map_{field}"] = chosen.get(field, AUTOMATIC)
            st.selectbox(words, options, key=f"{form}_map_{field}", help=HELP.get(field),
                         on_change=_keep, args=(files, form, field))  # fmt: skip


def _keep(files: str, form: str, field: str) -> None:
    column = st.session_state[f"{form}_map_{field}"]
    named = chosen_columns(files, form) | {field: column}
    st.session_state[f"{form}_columns_of_{files}"] = {
        one: named[one] for one in FIELDS if named.get(one, AUTOMATIC) != AUTOMATIC
    }


def show(summary: dict[str, Any]) -> None:
    """The whole result of a check."""
    for split, part in summary["splits"].items():
        with st.container(border=True, key=f"data_split_{split}"):
            _split(split, part)
    if summary["documents"]:
        st.markdown(f"**Documents:** {summary['documents']} files. They are read when a knowledge base is built.")
    if not summary["splits"].get("test"):
        st.caption("Without test questions nothing can be compared; leakage is looked for once there are some.")
        return
    leakage.show([summary["leakage"]], "data", NO_LEAK)


def _left_out(split: str, part: dict[str, Any]) -> None:
    """How many rows were left out, with the first reason; the others are folded away."""
    count, listed = part["refused_count"], part["refused"]
    first = f"row {listed[0]['row']}: {listed[0]['why']}"
    st.warning(
        plain(f"{count:,} row{'s were' if count != 1 else ' was'} left out; {first}."), icon=":material/warning:"
    )
    if count > 1:
        with st.expander(f"The first {len(listed)} of them" if count > len(listed) else "All of them",
                         key=f"data_left_out_{split}"):  # fmt: skip
            rows = [{"Row": one["row"], "Why": one["why"]} for one in listed]
            narrow = {"Row": st.column_config.NumberColumn(width=70)}
            st.dataframe(rows, hide_index=True, key=f"data_refused_{split}", column_config=narrow,
                         alt=f"Rows left out of {split}")  # fmt: skip


def _split(split: str, part: dict[str, Any]) -> None:
    tasks = ", ".join(f"{count:,} {task}" for task, count in part["tasks"].items())
    st.markdown(
        f"**{split.capitalize()}**: {part['rows']:,} rows, read as {plain(part['shape'])} from {plain(part['file'])}"
    )
    bare = f" · {part['unanswerable']:,} without an answer" if part["unanswerable"] else ""
    st.caption(plain(f"{tasks} ({part['task_reason']}) · {part['with_evidence']:,} with evidence{bare}"))
    if part["refused_count"]:
        _left_out(split, part)
    with st.expander("Three rows as the model sees them", key=f"data_rows_{split}"):
        for row in part["rendered"]:
            st.code(f"{row['prompt']}\n\n→ {row['answer']}", language=None, wrap_lines=True)
