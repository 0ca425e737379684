"""Tables of the Proposals page: thousands set apart, shares and seconds with the same number of decimals."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

_HELP = {
    "Recall 0.5": "Share of the ground-truth boxes that have a proposal with an IoU of 0.5 or more.",
    "Recall 0.7": "Share of the ground-truth boxes that have a proposal with an IoU of 0.7 or more.",
    "MABO": "Mean average best overlap: each ground-truth box's best IoU with any proposal, averaged.",
}


def show(rows: pd.DataFrame, *, decimals: int) -> None:
    """Show a table with narrow columns."""
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="–",
        column_config={name: _column(rows[name], decimals) for name in rows.columns},
    )


def _column(values: pd.Series, decimals: int) -> Any:
    help_text = _HELP.get(str(values.name))
    if pd.api.types.is_integer_dtype(values):
        return st.column_config.NumberColumn(format="localized", help=help_text)
    if pd.api.types.is_float_dtype(values):
        return st.column_config.NumberColumn(format=f"%.{decimals}f", help=help_text)
    return st.column_config.Column(help=help_text)
