"""Widgets for the knobs of a config.

Each knob can be dragged and typed, says what it does and where its default comes from, and stands in the link under the
name that it has on the command line.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import NoneType
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fastrcnn_core.config import Config as Everything
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.flags import flags, text
from fastrcnn_core.knobs import Knob
from fastrcnn_core.knobs import knobs as knobs_of
from pages.ui.components.wording import plain, significant
from pages.ui.state import widget_state

Config = TypeVar("Config")
Slots = Mapping[str, DeltaGenerator]
_MEANWHILE = "Until it is put right, the last valid values are in use."


@dataclass(frozen=True)
class Reading(Generic[Config]):
    """The config that some widgets hold.

    Args:
        config: the last valid one where the widgets' values are refused. is_valid: whether they are not.
        slots: the place below each knob's widget, by the knob's name.
    """

    config: Config
    is_valid: bool
    slots: Slots


def knobs(
    config_type: type[Config],
    *,
    only: Sequence[str] | None = None,
    base: Config | None = None,
    reset: bool = True,
    prefix: str = "",
) -> Config:
    """Show widgets for a config's knobs and return the config that they hold, or the last valid one; see `read`."""
    return read(config_type, only=only, base=base, reset=reset, prefix=prefix).config


def read(
    config_type: type[Config],
    *,
    only: Sequence[str] | None = None,
    base: Config | None = None,
    reset: bool = True,
    prefix: str = "",
) -> Reading[Config]:
    """Show widgets for a config's knobs; below a knob whose value is refused, say why.

    Args:
        config_type: such as `DetectionConfig`; each knob's label, bounds, step, help and source come from it.
        only: the knobs to show, in this order; the others keep `base`'s values. All if None.
        base: where the knobs stand at first, and where the reset button puts them; the defaults if None.
        reset: whether a button brings all of them back; it is there only when one was moved.
        prefix: before the widgets' keys, where another page has widgets of its own for these knobs.
    """
    start = base or config_type()
    all_knobs = knobs_of(config_type)
    shown = {name: all_knobs[name] for name in (all_knobs if only is None else only)}
    _follow_former_links(config_type, prefix)
    values, slots = _widgets(config_type, shown, start, prefix)
    if reset and any(values.get(name) != getattr(start, name) for name in shown):
        starts = {name: (shown[name][0], getattr(start, name)) for name in shown}
        _reset_button(config_type, starts, prefix)
    remembered = f"valid-{prefix}{config_type.__name__}-{'-'.join(shown)}"
    last = {name: getattr(start, name) for name in shown} | widget_state.value(remembered, {})
    if len(values) == len(shown):
        try:
            config = dataclasses.replace(start, **values)  # type: ignore[type-var]
        except ConfigError as problem:
            refuse(problem, slots, values, last)
        else:
            widget_state.put(remembered, values)
            return Reading(config, True, slots)
    return Reading(dataclasses.replace(start, **last), False, slots)  # type: ignore[type-var]


def _widgets(
    config_type: type, shown: Mapping[str, tuple[Any, Knob]], start: Any, prefix: str
) -> tuple[dict[str, Any], Slots]:
    """Show each knob's widget and a place below it; return the values that can be read, and the places."""
    values, slots = {}, {}
    for name, (kind, knob) in shown.items():
        problem, word, first = None, key(config_type, name, prefix), getattr(start, name)
        try:
            values[name] = _widget(kind, knob, key=word, label=knob.label, default=first)
        except ConfigError as error:
            problem = error
        slots[name] = st.empty()
        if problem is not None:
            _refuse(slots[name], problem)
    return values, slots


def refuse(
    problem: ConfigError, slots: Slots, values: Mapping[str, Any], last: Mapping[str, Any]
) -> None:
    """Show an error below the knob that caused it: of those that it names, the one that was moved.

    Args:
        values: of the knobs, by name. last: their last valid values.
    """
    named = [name for name in slots if re.search(rf"\b{name}\b", problem.problem)] or list(slots)
    moved = [name for name in named if values[name] != last[name]]
    _refuse(slots[(moved or named)[0]], problem)


def _refuse(slot: DeltaGenerator, problem: ConfigError) -> None:
    with slot.container(border=True):
        st.markdown(f":material/error: **{plain(problem.problem)}**")
        st.markdown(f"{plain(problem.hint)} {_MEANWHILE}")


def _follow_former_links(config_type: type, prefix: str) -> None:
    """Set the widgets of knobs that the link names by their former names."""
    for name, (kind, knob) in knobs_of(config_type).items():
        former = prefix + knob.former.replace("_", "-")
        if knob.former and former in st.query_params:
            value = st.query_params.pop(former)
            widget_state.put(
                key(config_type, name, prefix), value == "true" if kind is bool else value
            )


def key(config_type: type, name: str, prefix: str = "") -> str:
    """Return the knob's key as a widget and its word in the link: its flag on the command line."""
    return prefix + _keys().get((config_type, name), name.replace("_", "-"))


@cache
def _keys() -> dict[tuple[type, str], str]:
    everything = Everything()
    return {(type(getattr(everything, flag.group)), flag.knob): flag.name for flag in flags()}


def _widget(kind: Any, knob: Knob, *, key: str, label: str, default: Any) -> Any:
    """Show the widget that fits the knob's type; return its value."""
    about = f"{knob.help}\n\nDefault: {significant(default)}. Source: {knob.source}."
    if NoneType in get_args(kind):
        return _optional(kind, knob, key=key, label=label, default=default, about=about)
    shared: dict[str, Any] = {"key": key, "help": about, "bind": "query-params"}
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), label=label, default=default, shared=shared)
    if kind is bool:
        return st.toggle(label, value=default, **shared)
    if kind in (int, float):
        return _number(kind, knob, label=label, default=default, shared=shared)
    if get_origin(kind) is tuple:
        return _numbers(st.text_input(label, value=text(default), **shared), label)
    return st.text_input(label, value=default, **shared)


def _choice(options: tuple[str, ...], *, label: str, default: str, shared: dict[str, Any]) -> str:
    if len(options) > 4:
        return str(st.selectbox(label, options, index=options.index(default), **shared))
    return str(st.segmented_control(label, options, default=default, required=True, **shared))


def _optional(
    kind: Any, knob: Knob, *, key: str, label: str, default: Any, about: str
) -> float | None:
    """Show a switch, and a number only while it is on; return the number or None."""
    inner = next(each for each in get_args(kind) if each is not NoneType)
    switch: dict[str, Any] = {"key": f"{key}-on", "help": about, "bind": "query-params"}
    if not st.toggle(label, value=default is not None, **switch):
        return None
    first = _first_number(inner, knob, default)
    shared = {"key": key, "bind": "query-params", "label_visibility": "collapsed"}
    return _number(inner, knob, label=label, default=first, shared=shared)


def _first_number(inner: type, knob: Knob, default: Any) -> Any:
    """Return where an optional number starts: its default, or well inside its bounds if that is None."""
    if default is not None:
        return default
    if knob.low is not None and knob.high is not None:
        return inner(knob.low + (knob.high - knob.low) / 4)
    return inner(knob.low or 0)


def _number(
    kind: type, knob: Knob, *, label: str, default: Any, shared: dict[str, Any]
) -> int | float:
    """Show a slider with a field beside it for typing; only the field for a knob without bounds or step."""
    low = None if knob.low is None else kind(knob.low)
    high = None if knob.high is None else kind(knob.high)
    step = kind(knob.step) if knob.step else (1 if kind is int else None)
    form = _format(kind, knob, step)
    if low is None or high is None or knob.step is None:
        # Without bounds: the browser would keep what is out of them for itself, and the page would use the old number.
        return kind(st.number_input(label, None, None, kind(default), step, form, **shared))
    return slider(kind, (low, high, step), form, label=label, default=default, shared=shared)


def slider(
    kind: type,
    scale: tuple[Any, Any, Any],
    form: str = "%d",
    *,
    label: str,
    default: Any,
    shared: dict[str, Any],
) -> int | float:
    """Show a slider and a field beside it in which the same number can be typed; return the number.

    Args:
        kind: int or float. scale: low, high, step. form: how the number is written.
        shared: what else `st.slider` is told, its key among it.
    """
    low, high, step = scale
    drag, field = st.columns([4, 1.5], vertical_alignment="bottom", wrap=False)
    name, typed = shared["key"], f"{shared['key']}-typed"
    value = drag.slider(label, low, high, kind(default), step, form, **shared)
    widget_state.put(typed, value)
    field.number_input(
        f"{label}, typed",
        step=step,
        format=form,
        key=typed,
        label_visibility="collapsed",
        on_change=partial(_take_typed, name, typed, low, high),
    )
    return kind(value)


def _take_typed(name: str, typed: str, low: Any, high: Any) -> None:
    """Set the slider to the nearest number on its scale."""
    widget_state.put(name, min(max(widget_state.value(typed), low), high))


def _format(kind: type, knob: Knob, step: float | None) -> str:
    """As many decimals as the step has; four significant digits where there is none, or those of the upper bound."""
    if kind is int:
        return "%d"
    if step is not None:
        return f"%.{max(0, math.ceil(-math.log10(step) - 1e-9))}f"
    digits = len(f"{knob.high or 0:g}".strip("0.").replace(".", ""))
    return f"%.{max(4, digits)}g"


def _numbers(typed: str, label: str) -> tuple[float, ...]:
    """Parse numbers between spaces. Raises ConfigError."""
    try:
        return tuple(float(word) for word in typed.replace(",", " ").split())
    except ValueError:
        raise ConfigError(
            f"{label}: {typed!r} are not numbers.",
            hint="Write numbers with spaces between them.",
        ) from None


def _reset_button(config_type: type, defaults: Mapping[str, tuple[Any, Any]], prefix: str) -> None:
    """Show a button that sets every shown knob back to where it stood at first."""
    st.button(
        "Back to the defaults",
        key=f"reset-{prefix}{config_type.__name__}-{'-'.join(defaults)}",
        icon=":material/restart_alt:",
        type="tertiary",
        on_click=widget_state.reset,
        args=(_states(config_type, defaults, prefix),),
    )


def move_to(config: Any, names: Sequence[str], prefix: str = "") -> None:
    """Put the knobs where this config has them, as a preset does. Only in a callback, or before they are made."""
    kinds = knobs_of(type(config))
    starts = {name: (kinds[name][0], getattr(config, name)) for name in names}
    widget_state.reset(_states(type(config), starts, prefix))


def _states(
    config_type: type, values: Mapping[str, tuple[Any, Any]], prefix: str
) -> dict[str, Any]:
    """Return what the widgets hold when each knob, given with its type, has this value."""
    states: dict[str, Any] = {}
    for name, (kind, value) in values.items():
        word = key(config_type, name, prefix)
        if NoneType in get_args(kind):
            states[f"{word}-on"] = value is not None
        if value is not None:
            states[word] = text(value) if get_origin(kind) is tuple else value
    return states
