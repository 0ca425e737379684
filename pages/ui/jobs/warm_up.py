"""Import of PyTorch in the background, once a server, so that no visitor's first look at a network waits for it."""

from __future__ import annotations

import importlib
import threading

import streamlit as st
from streamlit import runtime

_SECONDS = 1.0  # in which the first page is drawn
_MODULES = ("fastrcnn_core.detection", "fastrcnn_core.selective_search.engine")


def start() -> None:
    """Begin the imports, unless they have begun; without a server, as in tests, do nothing."""
    if runtime.exists() and type(runtime.get_instance()) is runtime.Runtime:  # no mock
        _timer()


@st.cache_resource(show_spinner=False)
def _timer() -> threading.Timer:
    timer = threading.Timer(_SECONDS, lambda: [importlib.import_module(name) for name in _MODULES])
    timer.daemon = True
    timer.start()
    return timer
