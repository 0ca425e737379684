"""Where the network computes: the list of the side bar."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import pickers
from pages.ui.state import devices

_LOOK = "look"


def show() -> None:
    """The devices that can be chosen; what a link chose and this machine lacks stays in the list."""
    labels = _devices()
    pickers.synced(
        st.selectbox,
        "Device",
        list(labels),
        format_func=labels.__getitem__,
        key="pick-device",
        value=devices.chosen_device(),
        on_choose=_choose,
        help="Where the network computes. Which graphics cards there are is known once the network is loaded.",
    )


def _devices() -> dict[str, str]:
    """What can be chosen. Only PyTorch knows the graphics cards; it takes seconds to load, so that one asks for it."""
    chosen = devices.chosen_device()
    if devices.network_is_awake():
        labels = devices.device_labels()
        absent = f"{chosen.upper()}, not on this machine"
    else:
        labels = {"auto": "Fastest there is", "cpu": "CPU", _LOOK: "Look for graphics cards…"}
        absent = chosen.upper()
    return labels if chosen in labels else {chosen: absent} | labels


def _choose(setting: str) -> None:
    if setting == _LOOK:
        devices.device_labels()  # which loads PyTorch, so that the list is whole from now on
    else:
        devices.choose_device(setting)
