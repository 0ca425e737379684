"""Active and waiting runs of this machine, those of the command line and of other visitors included."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.runs import Run, RunStatus
from pages.ui.components.wording import plain, time_left
from pages.ui.state import runs

_LOOKS = 3.0  # seconds
_MOST = 8  # rows


def show(watched: Run | None) -> None:
    """Show the active runs besides the watched one, each with a button to it; nothing while there are none.

    It looks by itself, so that a run that is started in a terminal appears.
    """
    st.fragment(_queue, run_every=_LOOKS)(None if watched is None else watched.name)


def _queue(watched: str | None) -> None:
    going = [(run, run.status()) for run in reversed(runs.list_again())]
    going = [(run, status) for run, status in going if status.is_active]
    not_watched = [(run, status) for run, status in going if run.name != watched]
    if watched is None and not_watched:  # the page was empty, and is not any more
        st.rerun()
    if not not_watched:
        return
    with st.container(border=True, key="queue"):
        st.markdown(":material/queue: **One run computes at a time; these go, wait or are paused**")
        for run, status in not_watched[:_MOST]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{plain(run.name)}**: {_doing(status)}")
                if st.button(
                    "Watch",
                    key=f"watch-{run.name}",
                    icon=":material/visibility:",
                    type="tertiary",
                ):
                    runs.choose_run(run.name)
                    st.rerun()  # the whole page, not this fragment of it alone
                if status.state == "paused":
                    st.button(
                        "Continue",
                        key=f"continue-{run.name}",
                        icon=":material/play_arrow:",
                        type="tertiary",
                        on_click=run.request_continue,
                    )
                st.button(
                    "Stop",
                    key=f"stop-{run.name}",
                    icon=":material/stop:",
                    type="tertiary",
                    on_click=run.request_stop,
                )
        if len(not_watched) > _MOST:
            st.caption(f"And {len(not_watched) - _MOST} more.")


def _doing(status: RunStatus) -> str:
    if status.state in ("queued", "preparing"):
        return status.activity
    left = time_left(status.seconds_left)
    return f"{status.activity}, step {status.step:,} of {status.total_steps:,}{left}"
