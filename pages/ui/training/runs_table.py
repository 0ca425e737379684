"""All runs in one table: how each is doing, how good it is, how much room it takes; a click watches one."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import streamlit as st

from fastrcnn_core.errors import UserError
from fastrcnn_core.files import bytes_on_disk
from fastrcnn_core.runs import Columns, Run
from pages.ui.cache import run_files
from pages.ui.components.wording import duration
from pages.ui.state import runs

_RECENT = 20  # steps of a mean


def show(listed: dict[str, Run], watched: Run) -> None:
    """Show the table of runs, folded; nothing is read before it is unfolded."""
    fold = st.expander(
        f"All runs ({len(listed)})", icon=":material/table_rows:", key="all-runs", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        table = _known(pd.DataFrame([_row(run) for run in listed.values()]))
        event = st.dataframe(
            table,
            hide_index=True,
            key="runs-table",
            on_select="rerun",
            selection_mode="single-row",
            placeholder="–",
            column_config={
                "Loss": st.column_config.NumberColumn(format="%.3f"),
                "AP50": st.column_config.NumberColumn(format="%.3f"),
                "AP": st.column_config.NumberColumn(format="%.3f"),
                "MB": st.column_config.NumberColumn(format="%.0f"),
            },
        )
        st.caption("Choose a row to watch that run. Loss is the mean of its last steps.")
        chosen = event.selection.rows
        names = list(listed)
        if chosen and chosen[0] < len(names) and names[chosen[0]] != watched.name:
            runs.choose_run(names[chosen[0]])
            st.rerun()


def _row(run: Run) -> dict[str, Any]:
    status, validation = run.status(), run_files.validation(run)
    return {
        "Run": run.name,
        "State": status.state,
        "Preset": _setting(run, "preset"),
        "Data": _setting(run, "data"),
        "Steps": f"{status.step:,} of {status.total_steps:,}",
        "Loss": _mean(run_files.metrics(run)["loss"]),
        "AP50": _last(validation, "AP50"),
        "AP": _last(validation, "AP"),
        "Took": duration(status.seconds) if status.started else "",
        "Begun": _when(run),
        "MB": bytes_on_disk(run.folder) / 1e6,
    }


def _known(table: pd.DataFrame) -> pd.DataFrame:
    """Without the columns in which no run has a value, such as those of evaluations that were not made."""
    return table.dropna(axis="columns", how="all")


def _setting(run: Run, name: str) -> str:
    try:
        word = str(run.settings().get(name, ""))
    except UserError:  # a damaged run has a row, too, so that it can be found and deleted
        return ""
    return word if word.startswith("synthetic") else word.rstrip("/").rpartition("/")[2]


def _when(run: Run) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(run.settings()["created"]))
    except (UserError, KeyError, TypeError):
        return ""


def _mean(column: list[float | None]) -> float | None:
    recent = [value for value in column[-_RECENT:] if value is not None]
    return sum(recent) / len(recent) if recent else None


def _last(columns: Columns, name: str) -> float | None:
    value: float | None = columns[name][-1] if len(columns) else None
    return value
