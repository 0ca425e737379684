"""Listings of the core functions behind a page."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st


def show(*functions: Callable[..., Any] | type) -> None:
    """Show the source of functions behind a fold, each with its module and line."""
    with st.expander(
        _label(*(function.__name__ for function in functions)), icon=":material/code:"
    ):
        for function in functions:
            _write(function)


def show_later(module: str, *names: str) -> None:
    """Show the source of a module's functions; the module, which loads PyTorch, is imported when the fold is opened."""
    key = f"code-{module}-{'-'.join(names)}"
    fold = st.expander(_label(*names), icon=":material/code:", key=key, on_change="rerun")
    if fold.open:
        loaded = importlib.import_module(module)
        with fold:
            for name in names:
                _write(getattr(loaded, name))


def _label(*names: str) -> str:
    return f"The code: {', '.join(names)}"


def _write(function: Callable[..., Any] | type) -> None:
    lines, first = inspect.getsourcelines(function)
    module = inspect.getmodule(function)
    path = f"{module.__name__.replace('.', '/')}.py" if module else "?"
    st.caption(f"`{path}`, line {first}")
    st.code("".join(lines), language="python")
