"""A run while it goes, and after: where it stands, its numbers, and the RoIs of a recent step."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import streamlit as st

from fastrcnn_core.runs import Columns, Run, RunStatus, delete_run, export_run, resume_run
from pages.ui import errors, resources, training_figures, training_step

_LOOKS = 1.0  # seconds between two looks at a run that goes
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


def show(run: Run, others: tuple[Run, ...]) -> None:
    """Everything of one run; only this part of the page is drawn again while it goes."""
    going = run.status().is_alive
    st.fragment(_live, run_every=_LOOKS if going else None)(run, others, going)
    _keep(run, going)


def _live(run: Run, others: tuple[Run, ...], was_going: bool) -> None:
    status = run.status()
    if was_going and not status.is_alive:
        st.rerun()
    _where_it_stands(run, status)
    _requests(run, status)
    columns = resources.metrics(run)
    if not len(columns):
        if not status.is_alive:
            st.caption("It ended before its first step, so that there is nothing to plot.")
            _log(run)
        return
    _plots(run, others, columns)
    training_step.show(run)
    _log(run)


def _where_it_stands(run: Run, status: RunStatus) -> None:
    """State, progress and time left in one line; what went wrong, with the way out."""
    left = (
        f", about {_duration(status.seconds_left)} left" if status.seconds_left is not None else ""
    )
    place = f", step {status.step:,} of {status.total_steps:,}" if status.total_steps else ""
    stage = status.stage if status.state in ("preparing", "queued") else status.state
    st.progress(
        min(1.0, status.progress),
        f"{_ICONS[status.state]} **{run.name}**: {stage}{place}{left}"
        + (f" · {status.device}" if status.device else ""),
    )
    if status.message:
        st.markdown(f"{status.message} {status.way_out}")


def _requests(run: Run, status: RunStatus) -> None:
    """What can be asked of a run in this state."""
    with st.container(horizontal=True):
        if status.state == "paused":
            _button("Continue", ":material/play_arrow:", run.request_continue)
        elif status.state == "running":
            _button("Pause", ":material/pause:", run.request_pause)
        if status.is_alive:
            _button("Stop", ":material/stop:", run.request_stop)
        elif status.state != "finished" and st.button(
            "Go on from the last checkpoint", icon=":material/resume:", key="resume"
        ):
            with errors.shown():
                resume_run(run)
                st.rerun()


def _button(label: str, icon: str, act: object) -> None:
    st.button(label, icon=icon, key=label.lower(), on_click=act)  # type: ignore[arg-type]


def _plots(run: Run, others: tuple[Run, ...], columns: Columns) -> None:
    _last_numbers(columns)
    runs = {run.name: columns} | {it.name: resources.metrics(it) for it in others}
    smoothing = float(resources.value("smoothing", 0.9))
    left, right = st.columns(2, gap="large")
    with left:
        _plot("Does the loss fall?", "loss", runs, training_figures.LOSSES, smoothing)
        _plot(
            "What did it look at?", "counts", runs, training_figures.COUNTS, smoothing, wide=False
        )
    with right:
        _plot(
            "Does the head get it right?",
            "accuracy",
            runs,
            training_figures.ACCURACIES,
            smoothing,
            top=1.02,
        )
        _plot("How large are the steps?", "rate", runs, training_figures.RATE, 0.0, wide=False)
    st.slider("Smoothing", 0.0, 0.99, 0.9, 0.01, key="smoothing", bind="query-params")
    _quality(run, others)


def _plot(
    question: str,
    key: str,
    runs: dict[str, Columns],
    lines: tuple[training_figures.Line, ...],
    smoothing: float,
    *,
    top: float | None = None,
    wide: bool = True,
) -> None:
    st.markdown(f"{'#### ' if wide else '##### '}{question}")
    figure = training_figures.over_steps(runs, lines, smoothing=smoothing, top=top)
    st.plotly_chart(figure, key=f"plot-{key}", config={"displaylogo": False}, alt=question)


def _last_numbers(columns: Columns) -> None:
    """The last steps' means: one step alone says little."""
    for place, (label, name) in zip(
        st.columns(4),
        (
            ("Loss", "loss"),
            ("Classification loss", "classification_loss"),
            ("Box loss", "box_loss"),
            ("Foreground right", "foreground_accuracy"),
        ),
        strict=True,
    ):
        values = np.asarray(columns[name], dtype=float)
        recent, before = _mean(values[-20:]), _mean(values[-40:-20])
        change = None if before is None or recent is None else f"{recent - before:+.3f}"
        place.metric(
            label,
            "–" if recent is None else f"{recent:.3f}",
            change,
            delta_color="normal" if "right" in label else "inverse",
            help="Mean of the last 20 steps, and the change against the 20 before.",
        )


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _quality(run: Run, others: tuple[Run, ...]) -> None:
    found = {it.name: resources.validation(it) for it in (run, *others)}
    found = {name: columns for name, columns in found.items() if len(columns)}
    st.markdown("#### How good is it on pictures that it does not learn from?")
    if not found:
        st.caption(
            "No pictures were kept out for this. Give a run a validation share to see AP at each checkpoint, or judge "
            "the test split on the page Detection."
        )
        return
    figure = training_figures.over_steps(
        found, training_figures.QUALITY, smoothing=0.0, top=1.02, marks=True
    )
    st.plotly_chart(figure, key="plot-quality", config={"displaylogo": False}, alt="Validation AP")


def _log(run: Run) -> None:
    with st.expander("What its process printed", icon=":material/terminal:"):
        st.code(run.log() or "Nothing.", language=None)


def _keep(run: Run, going: bool) -> None:
    """Take it along, or throw it away."""
    with st.container(horizontal=True):
        st.download_button(
            "Numbers as CSV",
            _csv(resources.metrics(run)),
            f"{run.name}.csv",
            "text/csv",
            icon=":material/download:",
            type="tertiary",
        )
        st.download_button(
            "The whole run as a zip",
            lambda: _zip(run),
            f"{run.name}.zip",
            "application/zip",
            icon=":material/folder_zip:",
            type="tertiary",
        )
        with st.popover("Delete", icon=":material/delete:", type="tertiary", disabled=going):
            st.markdown(f"Delete **{run.name}** and its checkpoints? There is no way back.")
            if st.button("Delete it", type="primary", key="delete"):
                with errors.shown():
                    delete_run(run)
                    resources.choose_run(None)
                    st.rerun()


def _csv(columns: Columns) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns.values)
    writer.writerows(zip(*columns.values.values(), strict=True))
    return text.getvalue()


def _zip(run: Run) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export_run(run, Path(folder) / f"{run.name}.zip").read_bytes()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
