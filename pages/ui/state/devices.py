"""Where the network computes for a visitor: a choice, kept in the session and in the link."""

from __future__ import annotations

import re
import sys

import streamlit as st

_DEVICE = "chosen-device"
_NAMES = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?")


def chosen_device() -> str:
    """`auto`, or the device that the visitor asked for; `choose_device` of the core says whether it exists."""
    return str(st.session_state.get(_DEVICE, "auto"))


def choose_device(setting: str) -> None:
    """Compute there from now on."""
    st.session_state[_DEVICE] = setting


def choose_cpu() -> None:
    """Compute on the CPU from now on."""
    choose_device("cpu")


def computes_on_cpu() -> bool:
    """Whether the network computes on the CPU already, as far as that is known without loading it."""
    if chosen_device() == "auto" and network_is_awake():
        from fastrcnn_core.devices import available_devices

        return available_devices()[0] == "cpu"
    return chosen_device() == "cpu"


def device_in_link() -> str | None:
    """The device's word in the link; None for the default."""
    return None if chosen_device() == "auto" else chosen_device()


def adopt_device(setting: str) -> bool:
    """Choose what a link names, if it is the name of a device."""
    if not _NAMES.fullmatch(setting):
        return False
    choose_device("cuda" if setting == "cuda:0" else setting)  # PyTorch's names for the first card
    return True


def network_is_awake() -> bool:
    """PyTorch is loaded in this server, so that asking the network costs no start-up."""
    return "torch" in sys.modules


def device_labels() -> dict[str, str]:
    """Each device of this machine and what people call it, `auto` first. Loads PyTorch."""
    from fastrcnn_core.devices import available_devices, describe
    from fastrcnn_core.devices import choose_device as device_of

    names = {name: describe(device_of(name)) for name in available_devices()}
    return {"auto": f"Fastest: {next(iter(names.values()))}"} | names
