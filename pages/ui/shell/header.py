"""The header of a page, links to other pages, and the style sheet."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui.shell import entry_guard
from pages.ui.state import projector

_PAGES = Path(__file__).resolve().parents[2]


def show(question: str, introduction: str = "") -> None:
    """Show the page's question as its heading, and at most two sentences below it."""
    entry_guard.require_entry()
    st.title(question, anchor=False)
    if introduction:
        st.markdown(introduction)


def link(page: str, label: str, *, icon: str | None = ":material/arrow_forward:") -> None:
    """Show a link to another page, such as "proposals"; nothing while there is no such page."""
    if (_PAGES / f"{page}.py").is_file():
        st.page_link(f"pages/{page}.py", label=label, icon=icon, icon_position="right")


def style() -> None:
    """Apply the style sheet that the theme cannot express. Called by `app.py` alone."""
    css = _STYLE + (_PROJECTOR if projector.is_on() else "")
    st.html(f"<style>{css}</style>")


# Measure for reading: a wide screen is for pictures, not for lines of 200 letters. A slider and the field beside it
# stay in one row, and Streamlit's least width of a column is too much for the field where that row is narrow.
_STYLE = """
[data-testid="stMarkdownContainer"] > p, [data-testid="stCaptionContainer"] > p { max-width: 75ch; }
.st-key-page-history { position: absolute; width: 0 !important; }
.katex-display { padding-top: 0.4em; }
[data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] > [data-testid="stVerticalBlock"] > [class*="-typed"])
  > [data-testid="stColumn"] { min-width: 5.5rem; }
@media (min-width: 1024px) { [data-testid="stMainBlockContainer"] { padding-left: 3rem; padding-right: 3rem; } }
[data-testid="stTable"] :is(th, td):first-child { text-align: left !important; }
[data-testid="stTable"] :is(th, td):not(:first-child) { text-align: right !important; }
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stPopover"] { display: none !important; }
  :is(html, body, #root, .stApp), :is([data-testid="stAppViewContainer"], [data-testid="stMain"], .main) {
    position: static !important; height: auto !important; overflow: visible !important; }
  [data-testid="stMainBlockContainer"] { padding: 0 !important; max-width: 100% !important; }
  [data-testid="stDataFrame"], [data-testid="stTable"], img, canvas { break-inside: avoid; max-width: 100% !important; }
}
@media (max-width: 640px) { h1 { font-size: 1.5rem !important; } h2 { font-size: 1.25rem !important; } }
"""
# The side bar's width is in pixels, and everything in it has grown.
_PROJECTOR = """
html { font-size: 20px !important; }
@media (min-width: 1024px) {
  [data-testid="stSidebar"][data-collapsed="false"] { min-width: 15.5rem; max-width: 15.5rem; }
  div:has(> .st-key-previous-picture) { flex-wrap: nowrap !important; }
  :is(.st-key-previous-picture, .st-key-next-picture) button { padding-inline: 0.4rem; }
  :is(.st-key-previous-picture, .st-key-next-picture) [data-testid="stIconMaterial"] { display: none; }
  [data-testid="stMainBlockContainer"] { padding-left: 1.5rem; padding-right: 1.5rem; }
}
"""
