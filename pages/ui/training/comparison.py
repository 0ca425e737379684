"""In which knobs do runs differ?"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fastrcnn_core.config import Config
from fastrcnn_core.errors import UserError
from fastrcnn_core.flags import flags, text
from fastrcnn_core.runs import Run
from pages.ui.components.wording import plain, significant


def show(runs: tuple[Run, ...]) -> None:
    """Tabulate the knobs that differ, one row each and one column a run; nothing for a single run."""
    if len(runs) < 2:
        return
    st.markdown("#### In which knobs do they differ?")
    try:
        table = differences({run.name: _with_data(run) for run in runs})
    except UserError as error:
        st.caption(f"This cannot be told: {plain(error.problem)}")
        return
    if table.empty:
        st.caption("In none: the same knobs on the same data. What differs is chance, or the code.")
        return
    st.dataframe(table, hide_index=True, key="differences")


def differences(runs: dict[str, tuple[str, Config]]) -> pd.DataFrame:
    """Return the knobs in which the runs differ, by their names on the command line, with each run's value.

    Args:
        runs: by name, the data set's setting and the config.
    """
    rows = [
        ("data", [data for data, _ in runs.values()]),
        *(
            (flag.name, _written([flag.value(config) for _, config in runs.values()]))
            for flag in flags()
        ),
    ]
    different = [_row(name, runs, values) for name, values in rows if len(set(values)) > 1]
    return pd.DataFrame(different)


def _written(values: list[Any]) -> list[str]:
    """Write one knob's values with four significant digits; in full where that would hide a difference."""
    short, full = [significant(value) for value in values], [text(value) for value in values]
    return short if len(set(short)) == len(set(full)) else full


def _row(name: str, runs: dict[str, Any], values: list[str]) -> dict[str, str]:
    return {"Knob": name} | dict(zip(runs, values, strict=True))


def _with_data(run: Run) -> tuple[str, Config]:
    return run.data_setting(), run.config()
