"""The side bar's picker of the device on which the network computes."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import pickers
from pages.ui.state import devices

_DETECT = "look"


def show() -> None:
    """Show the picker; a device that a link selected and this machine lacks stays in the list."""
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
    """Label the devices; only PyTorch knows the graphics cards, and it is loaded only when a visitor asks for them."""
    chosen = devices.chosen_device()
    if devices.network_is_loaded():
        labels = devices.device_labels()
        absent = f"{chosen.upper()}, not on this machine"
    else:
        labels = {"auto": "Fastest there is", "cpu": "CPU", _DETECT: "Look for graphics cards…"}
        absent = chosen.upper()
    return labels if chosen in labels else {chosen: absent} | labels


def _choose(setting: str) -> None:
    if setting == _DETECT:
        devices.device_labels()  # which loads PyTorch, so that the list is whole from now on
    else:
        devices.choose_device(setting)
