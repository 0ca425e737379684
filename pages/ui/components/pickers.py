"""Widgets whose value lives elsewhere: in the session, in the link, or in the selection of a table's row."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from pages.ui.state import widget_state


def synced(
    widget: Callable[..., Any],
    label: str,
    *arguments: Any,
    key: str,
    value: Any,
    on_choose: Callable[[Any], None],
    **options: Any,
) -> None:
    """Show a widget that holds a value which lives elsewhere, whatever it held before.

    Args:
        widget: such as `st.selectbox`. arguments, options: what else it is told.
        on_choose: called with the new value when the visitor changes it.
    """
    widget_state.put(key, value)
    widget(label, *arguments, key=key, on_change=partial(_tell_value, key, on_choose), **options)


def table(
    rows: Any, *, key: str, chosen: int | None, on_choose: Callable[[int], None], **options: Any
) -> None:
    """Show a table of which a row is selected from outside, and can be selected by a click.

    Args:
        chosen: the selected row; None for none.
        on_choose: called with the row that the visitor clicked on.
        options: what else `st.dataframe` is told.
    """
    choose_row(key, chosen)
    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        on_select=partial(_tell_row, key, on_choose),
        selection_mode="single-row",
        **options,
    )


def choose_row(key: str, row: int | None) -> None:
    """Select a row of the table of this key, before it is made or in a callback; None selects none."""
    rows = [] if row is None else [row]
    widget_state.put(key, {"selection": {"rows": rows, "columns": [], "cells": []}})


def chosen_row(key: str) -> int | None:
    """Return the selected row of the table of this key, in a callback of it; None if none is."""
    rows = widget_state.value(key)["selection"]["rows"]
    return int(rows[0]) if rows else None


def _tell_value(key: str, on_choose: Callable[[Any], None]) -> None:
    on_choose(widget_state.value(key))


def _tell_row(key: str, on_choose: Callable[[int], None]) -> None:
    row = chosen_row(key)
    if row is not None:
        on_choose(row)
