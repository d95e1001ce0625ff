"""The dashboard's entry: python -m streamlit run app.py (or: make run)."""

from pathlib import Path

import streamlit as st

from ui.frame import PAGES, guarded

ICON = str(Path(__file__).parent / "ui" / "icon.png")
st.set_page_config("Crossover", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")
with guarded():
    st.navigation([st.Page(file, title=title, icon=icon) for file, title, icon in PAGES.values()]).run()
