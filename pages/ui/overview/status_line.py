"""Status line: the data, weights, run and device in use."""

from __future__ import annotations

import streamlit as st

from pages.ui.cache import networks
from pages.ui.cache.networks import DetectorChoice
from pages.ui.state import devices
from pages.ui.state.selected_picture import Picture


def show(picture: Picture, detector: DetectorChoice | None) -> None:
    """Show the status line as badges."""
    with st.container(horizontal=True, gap="small"):
        for icon, fact in _facts(picture, detector):
            st.badge(fact, icon=f":material/{icon}:", color="gray")


def _facts(picture: Picture, detector: DetectorChoice | None) -> list[tuple[str, str]]:
    facts = [("image", picture.name)]
    if picture.dataset:
        part = "training" if picture.part == "train" else "test"
        facts.append(("photo_library", f"{picture.dataset.title}, {part} split"))
    if detector is None:
        return [*facts, ("block", "no trained detector")]
    card = networks.card(detector)
    facts.append(("person_search", detector.label))
    facts.append(("tag", f"{card.model.backbone}, {card.parameters / 1e6:.1f} million weights"))
    facts.append(("memory", _device()))
    return facts


def _device() -> str:
    """Name the network's device, as far as it can be told without loading the network."""
    setting = devices.chosen_device()
    if devices.network_is_loaded():
        return devices.device_labels().get(setting, setting)
    return "on the fastest device there is" if setting == "auto" else f"on {setting.upper()}"
