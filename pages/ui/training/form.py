"""Begin a run: a preset, the knobs that differ from it, a name, and the button."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

import streamlit as st

from fastrcnn_core.config import PRESETS, Config, PresetName, preset
from fastrcnn_core.datasets import validation_split
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.knobs import knobs as knobs_of
from fastrcnn_core.runs import free_name, start_run, training_command
from pages.ui.cache import datasets
from pages.ui.components.knob_widgets import Reading, move_to, read, refuse
from pages.ui.shell import errors
from pages.ui.state import runs, sources, widget_state
from pages.ui.state.training import TrainingSelection
from pages.ui.training import estimate

_NAME, _LAST_VALID = "run-name", "last-valid-config"
_ABOUT: dict[PresetName, tuple[str, str]] = {
    "minute": (
        "60 seconds on a CPU",
        "A frozen backbone, whose features are computed once: only the head learns. For a class.",
    ),
    "notebook": (
        "Notebook",
        "The notebook that the app grew out of, number for number, its faults apart. Slow on a CPU.",
    ),
    "paper": (
        "Paper",
        "The publication, and what its successors learned. The backbone's last stages learn too.",
    ),
}
# The knobs of each part of the config that stand first; all others are behind a fold.
_FIRST = {
    "training": ("epochs", "validation_share", "flip"),
    "model": ("backbone", "trainable_stages"),
    "optimiser": ("learning_rate",),
}
# Chosen when one looks, not when one trains; the time machine has a slider of its own for it.
_LATER = ("score_threshold",)
# Other pages have knobs of these parts too: what is chosen for a run must not move those, nor the other way round.
_OF_OTHER_PAGES = ("proposals", "sampling", "detection")
_PARTS = tuple(item.name for item in dataclasses.fields(Config))


def _rest() -> dict[str, tuple[str, ...]]:
    """Show every knob that does not stand first, group by group."""
    defaults = Config()
    parts = {part: knobs_of(type(getattr(defaults, part))) for part in _PARTS}
    return {
        part: tuple(name for name in names if name not in (*_FIRST.get(part, ()), *_LATER))
        for part, names in parts.items()
    }


def show() -> None:
    """Show the whole form; a run that is started is watched from then on."""
    source = sources.chosen_source()
    if source.token == sources.UPLOADS:
        st.info(
            "Training needs pictures with ground truth, and your own pictures have none. "
            "Choose another data set in the side bar.",
            icon=":material/info:",
        )
        return
    with errors.shown():
        _form(datasets.opened(source.setting))


def _form(data: Dataset) -> None:
    name = _preset_picker()
    config, is_sound = _knobs(preset(name))
    run_name = st.text_input(
        "Name",
        value=free_name(name),
        key=f"{_NAME}-{free_name(name)}",
        max_chars=64,
        help="What the run's folder is called: letters, digits, spaces and . _ - + = , @",
    )
    _what_it_will_do(data, config)
    estimate.show(config, data)
    if st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        key="start",
        disabled=not is_sound,
        help=None if is_sound else "Put the knob right first that is marked above.",
    ):
        _start(config, run_name, data, name)
    if is_sound:
        _command(config, run_name or name, data, name)


def _command(config: Config, run_name: str, data: Dataset, name: PresetName) -> None:
    """Show the command line of the same run."""
    command = training_command(config, name=run_name, data=data.setting, preset=name)
    with st.expander("The same from a terminal", icon=":material/terminal:"):
        st.code(f"python -m fastrcnn_core {shlex.join(command)}", language="bash", wrap_lines=True)


def _preset_picker() -> PresetName:
    name: PresetName = st.segmented_control(
        "Where to begin",
        list(_ABOUT),
        format_func=lambda preset: _ABOUT[preset][0],
        default="minute",
        required=True,
        key=TrainingSelection.key("preset"),
        bind="query-params",
        on_change=_move_knobs,
    )
    st.caption(f"{_ABOUT[name][1]} On the command line: `--preset {name}`.")
    return name


def _move_knobs() -> None:
    """Set every knob to the preset's value."""
    config = preset(TrainingSelection.current().preset)
    for shown in (_FIRST, _rest()):
        for part, names in shown.items():
            move_to(getattr(config, part), names, _prefix(part))


def _prefix(part: str) -> str:
    return "train-" if part in _OF_OTHER_PAGES else ""


def _knobs(base: Config) -> tuple[Config, bool]:
    """Read the widgets into a config and tell whether they are valid; while they are not, it is the last valid one."""
    parts = {part: getattr(base, part) for part in _PARTS}
    readings = _part(parts, _FIRST)
    with st.expander("All knobs", icon=":material/tune:"):
        readings += _part(parts, _rest(), headings=True)
    last: Config = widget_state.value(_LAST_VALID, base)
    try:
        config = Config(**parts)
    except ConfigError as error:  # the parts contradict each other
        slots = {name: slot for reading in readings for name, slot in reading.slots.items()}
        refuse(error, slots, _values(parts), _values(vars(last)))
        return last, False
    widget_state.put(_LAST_VALID, config)
    return config, all(reading.is_valid for reading in readings)


def _values(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the values of all knobs by name."""
    return {name: value for part in parts.values() for name, value in vars(part).items()}


def _part(
    parts: dict[str, Any], shown: dict[str, tuple[str, ...]], *, headings: bool = False
) -> list[Reading[Any]]:
    """Show the widgets of these knobs in two columns and put what they hold into the parts."""
    readings, columns = [], st.columns(2, gap="large")
    for number, (part, names) in enumerate(shown.items()):
        base = parts[part]
        with columns[number % 2]:
            if headings:
                st.markdown(f"**{(type(base).__doc__ or part).splitlines()[0]}**")
            reading = read(type(base), only=names, base=base, reset=False, prefix=_prefix(part))
        parts[part] = reading.config
        readings.append(reading)
    return readings


def _what_it_will_do(data: Dataset, config: Config) -> None:
    pictures, _ = validation_split(data.split.train, config.training.validation_share)
    steps = config.total_steps(len(pictures))
    st.caption(
        f"{data.title}: {len(pictures)} pictures to learn from, {steps:,} steps of "
        f"{config.sampling.images_per_step} × {config.sampling.rois_per_image} RoIs. "
        "Before the first step, it computes what it lacks of the proposals and of what the backbone's frozen stages "
        "make of the pictures, and keeps both. Close the page and come back: it goes on."
    )


def _start(config: Config, name: str, data: Dataset, base: PresetName) -> None:
    with errors.shown():
        run = start_run(config, name=name, data=data.setting, preset=base)
        runs.choose_run(run.name)
        st.rerun()


assert set(_ABOUT) == set(PRESETS)
