"""A run while it goes, and after: where it stands, what can be message of it, its numbers, its RoIs.

Four fragments look at the folder by themselves while the run goes; the rest of the page stands still. They are
siblings, not nested, for Streamlit leaves stale pictures of nested ones.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import streamlit as st

from fastrcnn_core.runs import Run, RunState, RunStatus, resume_run
from pages.ui.cache import run_files
from pages.ui.components.wording import duration, plain
from pages.ui.shell import errors
from pages.ui.state import detectors
from pages.ui.training import checkpoint_timeline, comparison, plots, run_actions, step

# Seconds between two looks at a run that goes: often enough to feel alive, seldom enough to leave it the processor.
_STATUS_LOOKS = 1.0
_PLOT_LOOKS = 2.0
_STEP_LOOKS = 5.0  # there is much to see on it
# Chosen here: a run that goes writes its status far more often.
_RECENT = 30.0
_ICONS = {
    "queued": ":material/hourglass_empty:",
    "preparing": ":material/pending:",
    "running": ":material/trending_down:",
    "paused": ":material/pause:",
    "stopped": ":material/stop:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "crashed": ":material/error:",
}
_MOVING = ("preparing", "running")
_PART = re.compile(r"(\d+)/(\d+)$")  # "proposals 12/136"


def show(run: Run, compared: tuple[Run, ...]) -> None:
    """Show one run; only what changes is drawn again while it is active."""
    state = run.status().state
    going, moving = run.status().is_active, state in _MOVING
    _fragment(_stand, _STATUS_LOOKS if going else None)(run, state)
    _fragment(_numbers, _PLOT_LOOKS if moving else None)(run, compared, going)
    comparison.show((run, *compared))
    every = checkpoint_timeline.looks(run)
    _fragment(_grown, every)(run, every)
    following = step.follows(run, moving=moving)
    _fragment(_step, _STEP_LOOKS if following else None)(run, moving, following)
    with st.expander("What its process printed", icon=":material/terminal:", key="log"):
        st.code(run.log() or "Nothing.", language=None)
    run_actions.take_or_delete(run, going=going)


def _fragment(part: Callable[..., None], every: float | None) -> Callable[..., None]:
    return st.fragment(part, run_every=every)


def _stand(run: Run, state: RunState) -> None:
    """Show the state and its buttons; the whole page is drawn again when the state changes."""
    if not run.folder.is_dir() or (status := run.status()).state != state:
        st.rerun()
    _progress(run, status)
    _requests(run, status)
    if not status.is_active and run.checkpoints():
        _see(run)


def _progress(run: Run, status: RunStatus) -> None:
    """State, progress and time in one line; what went wrong, with the way out."""
    st.progress(
        _share(status), f"{_ICONS[status.state]} **{plain(run.name)}**: {_sentence(status)}"
    )
    if status.message:
        st.markdown(plain(f"{status.message} {status.hint}"))


def _share(status: RunStatus) -> float:
    """Of the steps; before the first, of what is done now."""
    part = _PART.search(status.stage)
    if status.state != "preparing" or part is None:
        return min(1.0, status.progress)
    done, total = map(int, part.groups())
    return min(1.0, done / max(1, total))


def _sentence(status: RunStatus) -> str:
    words = [status.activity]
    if status.total_steps and status.state != "preparing":
        words.append(f"step {status.step:,} of {status.total_steps:,}")
    if status.seconds_left is not None and status.state in _MOVING:
        of_what = " for the rest of these" if status.state == "preparing" else " left"
        words.append(f"about {duration(status.seconds_left)}{of_what}")
    if status.state == "finished":
        words.append(f"in {duration(status.seconds)}")
    return ", ".join(words) + (f" · {status.device}" if status.device else "")


def _requests(run: Run, status: RunStatus) -> None:
    """Return the requests that a run in this state accepts."""
    with st.container(horizontal=True):
        if status.state == "paused":
            _button("Continue", ":material/play_arrow:", run.request_continue)
        elif status.state == "running":
            _button("Pause", ":material/pause:", run.request_pause)
        if status.is_active:
            _button("Stop", ":material/stop:", run.request_stop)
        elif status.state != "finished" and run.has_settings:
            _go_on(run, status)


def _go_on(run: Run, status: RunStatus) -> None:
    """Offer to resume; first ask whether another computer trains a run that seems to have crashed just now."""
    where = "Go on from the last checkpoint" if run.checkpoints() else "Begin it again"
    is_recent = status.state == "crashed" and time.time() - status.updated < _RECENT
    is_sure = not is_recent or st.checkbox(
        "It does not run on another computer",
        key="resume-sure",
        help=f"Its status is less than {_RECENT:.0f} s old. On some network file systems the lock of another computer "
        "cannot be seen from here, and two processes would write the same run.",
    )
    if st.button(where, icon=":material/resume:", key="resume", disabled=not is_sure):
        with errors.shown():
            resume_run(run)
            st.rerun()


def _see(run: Run) -> None:
    """To the page Detection, with this run's newest checkpoint."""
    if st.button("See what it finds", icon=":material/person_search:", key="see"):
        detectors.choose_detector(f"run:{run.name}")
        # Without the argument Streamlit refuses to leave a page whose widgets stand in the link.
        st.switch_page("pages/detection.py", query_params={})


def _button(label: str, icon: str, act: object) -> None:
    """Send a request to the run's process, which follows it after the present step."""
    message = f"Asked to {label.lower()}: it does after the step that it is at."
    if st.button(label, icon=icon, key=label.lower(), on_click=act):  # type: ignore[arg-type]
        st.toast(message, icon=icon)


def _numbers(run: Run, compared: tuple[Run, ...], alive: bool) -> None:
    columns = run_files.metrics(run)
    if len(columns):
        plots.show(run, compared, columns)
    elif alive:
        st.caption("The first numbers appear with the first step.")
    else:
        st.caption("It ended before its first step, so that there is nothing to plot.")


def _grown(run: Run, every: float | None) -> None:
    with errors.shown():
        checkpoint_timeline.show(run, every)


def _step(run: Run, moving: bool, following: bool) -> None:
    with errors.shown():
        step.show(run, moving=moving, following=following)
