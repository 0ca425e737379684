"""What a knob is, how a config is checked, and how it travels through JSON.

A config is a frozen dataclass of `Annotated[type, Knob(...)] = default` fields that inherits from `Checked`.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fastrcnn_core.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class Knob:
    """What a person must know of a field: shown beside the widget and in `--help`.

    Args:
        help: one sentence; what the knob is and what happens when it goes up.
        source: where the default comes from: a paper's section, a project, or "chosen here: why".
        low, high: the bounds, both allowed; None is unbounded.
        step: the grid of a slider.
    """

    help: str
    source: str
    low: float | None = None
    high: float | None = None
    step: float | None = None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A config whose values are checked against their knobs' bounds and choices when it is made."""

    def __post_init__(self) -> None:
        for name, (kind, knob) in knobs(type(self)).items():
            _check(name, getattr(self, name), kind, knob)


def knobs(config_type: type) -> dict[str, tuple[Any, Knob]]:
    """Each field's type and `Knob`, in order."""
    hints = get_type_hints(config_type, include_extras=True)
    return {
        item.name: (get_args(hints[item.name])[0], get_args(hints[item.name])[1])
        for item in dataclasses.fields(config_type)
        if get_origin(hints[item.name]) is Annotated
    }


def to_dict(config: Any) -> dict[str, Any]:
    """The config as plain values for JSON; `from_dict` undoes it."""
    return dataclasses.asdict(config)


def from_dict(config_type: type[T], values: dict[str, Any]) -> T:
    """A config from plain values, as JSON gives them back; fields left out keep their defaults.

    Raises:
        ConfigError: a knob that does not exist, or a value that makes no sense.
    """
    hints = get_type_hints(config_type)
    for name in values:
        if name not in hints:
            raise unknown_knob(name, list(hints))
    return config_type(**{name: _revive(hints[name], value) for name, value in values.items()})


def unknown_knob(name: str, known: list[str]) -> ConfigError:
    """The error for a knob that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"The knobs are {', '.join(known)}."
    return ConfigError(f"There is no knob {name!r}.", hint=hint)


def _revive(kind: Any, value: Any) -> Any:
    """JSON knows no tuples and no dataclasses: give them back."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return from_dict(kind, value)
    return tuple(value) if isinstance(value, list) else value


def _check(name: str, value: Any, kind: Any, knob: Knob) -> None:
    """Refuse a value of the wrong type, outside the bounds or not among the choices."""
    if not _fits(value, kind):
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        expected = f"one of {', '.join(map(str, choices))}" if choices else _readable(kind)
        raise ConfigError(f"{name} is {_said(value)}, not {expected}.", hint="Change it to that.")
    for number in value if isinstance(value, tuple) else (value,):
        if number is None or isinstance(number, bool | str):
            continue
        if (knob.low is not None and number < knob.low) or (
            knob.high is not None and number > knob.high
        ):
            raise ConfigError(
                f"{name} is {number}, outside {bounds(knob)}.",
                hint="Choose a value inside.",
            )


def _fits(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Literal:
        return value in get_args(kind)
    if origin in (Union, types.UnionType):
        return any(_fits(value, choice) for choice in get_args(kind))
    if origin is tuple:
        inner = get_args(kind)
        right_length = inner[-1] is Ellipsis or (
            isinstance(value, tuple) and len(value) == len(inner)
        )
        return (
            isinstance(value, tuple)
            and right_length
            and all(_fits(item, inner[0]) for item in value)
        )
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _readable(kind: Any) -> str:
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        return "numbers" if Ellipsis in inner else f"{len(inner)} numbers"
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)


def _said(value: Any) -> str:
    """The value as one types it."""
    return " ".join(map(str, value)) or "empty" if isinstance(value, tuple) else repr(value)


def bounds(knob: Knob) -> str:
    """Between what a value must lie, in words; empty if nothing is asked."""
    low = "" if knob.low is None else f"{knob.low:g}"
    high = "" if knob.high is None else f"{knob.high:g}"
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else ""
