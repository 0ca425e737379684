"""Is it learning?"""

import streamlit as st

from fastrcnn_core.runs.process import start_run
from pages.ui.components import pickers, source
from pages.ui.shell import header
from pages.ui.state import runs
from pages.ui.training import form, live, missing_run, queue, run_actions, runs_table

header.show(
    "Is it learning?",
    "Begin a short run and watch the loss fall. The run is a process of its own; this page only reads its folder.",
)
run, named_runs = runs.chosen_run(), {run.name: run for run in runs.listed_runs()}
missing_run.show(run)
# Another key folds it again: when a run has begun, that run is what one wants to see.
fold = f"begin-{run.name if run else ''}"
with st.expander("Begin a run", icon=":material/add:", expanded=run is None, key=fold):
    form.show()
queue.show(run)
if run is None:
    run_actions.undo()
    st.info(
        "There is no run yet. Press *Start training* above: *60 seconds on a CPU* is what a laptop can do in a class.",
        icon=":material/info:",
    )
else:
    left, right = st.columns(2)
    with left:
        pickers.synced(
            st.selectbox,
            "Run",
            list(named_runs),
            key="pick-run",
            value=run.name,
            on_choose=runs.choose_run,
        )
    runs.write_run_link(run)
    with right:
        compared = st.multiselect(
            "Compare with",
            [name for name in named_runs if name != run.name],
            key="compare",
            bind="query-params",
            max_selections=3,
            placeholder="Other runs",
        )
    runs_table.show(named_runs, run)
    live.show(run, tuple(named_runs[name] for name in compared))
with st.expander("Import a run that was trained elsewhere", icon=":material/upload_file:"):
    run_actions.bring()
source.show(start_run)
