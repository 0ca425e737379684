"""The selected device on which the network computes, in the session and in the link."""

from __future__ import annotations

import re
import sys

import streamlit as st

_DEVICE = "chosen-device"
_NAMES = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?")


def chosen_device() -> str:
    """Return `auto` or the selected device; `choose_device` of the core tells whether it exists."""
    return str(st.session_state.get(_DEVICE, "auto"))


def choose_device(setting: str) -> None:
    """Select the device to compute on."""
    st.session_state[_DEVICE] = setting


def choose_cpu() -> None:
    """Select the CPU to compute on."""
    choose_device("cpu")


def computes_on_cpu() -> bool:
    """Tell whether the network computes on the CPU, as far as that is known without loading PyTorch."""
    if chosen_device() == "auto" and network_is_loaded():
        from fastrcnn_core.devices import available_devices

        return available_devices()[0] == "cpu"
    return chosen_device() == "cpu"


def device_in_link() -> str | None:
    """Return the device's word for the link; None for the default."""
    return None if chosen_device() == "auto" else chosen_device()


def adopt_device(setting: str) -> bool:
    """Select the device that a link names; False if it names none."""
    if not _NAMES.fullmatch(setting):
        return False
    choose_device("cuda" if setting == "cuda:0" else setting)  # PyTorch's names for the first card
    return True


def network_is_loaded() -> bool:
    """Tell whether PyTorch is loaded in this server, so that the network needs no start-up."""
    return "torch" in sys.modules


def device_labels() -> dict[str, str]:
    """Name each device of this machine for people, `auto` first. Loads PyTorch."""
    from fastrcnn_core.devices import available_devices, describe
    from fastrcnn_core.devices import choose_device as device_of

    names = {name: describe(device_of(name)) for name in available_devices()}
    return {"auto": f"Fastest: {next(iter(names.values()))}"} | names
