"""The selected detector, out of what came with the app and the newest checkpoint of each run."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.config import Config
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.runs import Run
from pages.ui.cache import networks
from pages.ui.cache.networks import DetectorChoice
from pages.ui.state import runs

_DETECTOR = "chosen-detector"
_RUN = "run:"  # before a run's name in the link


def offered_detectors() -> tuple[DetectorChoice, ...]:
    """List what came with the app, then every run's newest checkpoint, newest run first."""
    bundled = (
        DetectorChoice(path.stem, f"Bundled: {path.stem}", path)
        for path in sorted(networks.BUNDLED_FOLDER.glob("*.safetensors"))
    )
    trained = (_newest(run) for run in runs.listed_runs())
    return (*bundled, *(detector for detector in trained if detector is not None))


def chosen_detector() -> DetectorChoice:
    """Return the selected detector, or the bundled one; `missing_detector` tells whether the selected is not here.

    Raises:
        CheckpointError: there is none at all.
    """
    offered = offered_detectors()
    if not offered:
        raise CheckpointError(
            "There is no trained detector here yet.", hint="Train one on the page Training."
        )
    return next((each for each in offered if each.token == chosen_token()), offered[0])


def chosen_config() -> Config:
    """Return the config that the selected detector was trained with; the preset `paper` while there is none."""
    try:
        return networks.trained_config(chosen_detector())
    except CheckpointError:
        return Config()


def choose_detector(token: str) -> None:
    """Select a detector by its token."""
    st.session_state[_DETECTOR] = token


def choose_default_detector() -> None:
    """Select the detector that came with the app."""
    st.session_state.pop(_DETECTOR, None)


def chosen_token() -> str | None:
    """Return the selected detector's word in the link; None for the default."""
    token: str | None = st.session_state.get(_DETECTOR)
    return token


def adopt_token(token: str) -> bool:
    """Select the detector that a link names; `missing_detector` tells whether it is not here."""
    choose_detector(token)
    return True


def missing_detector() -> str | None:
    """Return the token of a selected detector that is not here, or not any more; None where all is well."""
    token = chosen_token()
    return None if any(each.token == token for each in offered_detectors()) else token


def follow_renamed_run(old: str, new: str) -> None:
    """Keep a run's detector selected when the run has got another name."""
    if chosen_token() == f"{_RUN}{old}":
        choose_detector(f"{_RUN}{new}")


def _newest(run: Run) -> DetectorChoice | None:
    checkpoints = run.checkpoints()
    if not checkpoints:
        return None
    last = checkpoints[-1]
    return DetectorChoice(
        f"{_RUN}{run.name}", f"{run.name}, step {last.step}", last.model_file, run
    )
