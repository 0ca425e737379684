"""Entry point of the app: `streamlit run app.py`."""

import streamlit as st

from pages.ui.jobs import warm_up
from pages.ui.shell import errors, header, history, link_notice, missing_checkpoint, sidebar

PAGES = {
    "overview": ("Overview", ":material/account_tree:"),
    "dataset": ("Dataset", ":material/photo_library:"),
    "proposals": ("Proposals", ":material/select_all:"),
    "roi_sampling": ("RoI sampling", ":material/filter_alt:"),
    "training": ("Training", ":material/trending_down:"),
    "detection": ("Detection", ":material/person_search:"),
}

st.set_page_config(
    page_title="Fast R-CNN, made visible", page_icon="assets/icon.svg", layout="wide"
)
page = st.navigation(
    [
        st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == "overview")
        for name, (title, icon) in PAGES.items()
    ],
    position="top",
)
with errors.shown():
    sidebar.show()
header.style()
history.one_step_a_page()
with link_notice.above(), errors.shown():
    missing_checkpoint.show()
    page.run()
warm_up.start()
