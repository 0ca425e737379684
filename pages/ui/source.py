"""Show the code: the core function behind a picture, as it stands in its file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st


def show(*functions: Callable[..., Any] | type) -> None:
    """Fold out the source of what computed the page: one entry a function, with its module and line."""
    names = ", ".join(function.__name__ for function in functions)
    with st.expander(f"The code: {names}", icon=":material/code:"):
        for function in functions:
            lines, first = inspect.getsourcelines(function)
            module = inspect.getmodule(function)
            path = f"{module.__name__.replace('.', '/')}.py" if module else "?"
            st.caption(f"`{path}`, line {first}")
            st.code("".join(lines), language="python")
