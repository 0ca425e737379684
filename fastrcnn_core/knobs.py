"""Knobs: the fields of a config with their label, unit, bounds, help and source; validation; conversion to JSON.

A config is a frozen dataclass of `name: type = knob(default, ...)` fields that inherits from `Checked`.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fastrcnn_core.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Knob:
    """The description of a config's field, for widgets, charts and `--help`.

    Args:
        label: its name on screen; no two knobs have the same.
        unit: of its value, such as "pixels"; "" without one.
        help: what it does, and what happens when it goes up.
        source: of its default: a paper's section, a project, or "chosen here: why".
        low, high: the bounds, both allowed; None is unbounded.
        step: of a slider.
        former: its name in older releases, which the command line, links and stored configs still accept.
    """

    label: str
    help: str
    source: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    former: str = ""

    @property
    def label_with_unit(self) -> str:
        """The label for the axis of a chart."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def knob(default: T, label: str, **about: Any) -> T:
    """Define a config's field: its default, its label, and `Knob`'s other attributes."""
    metadata = {"knob": Knob(label=label, **about)}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A config whose values are validated against their knobs' types, bounds and choices when it is made."""

    def __post_init__(self) -> None:
        for name, (kind, about) in knobs(type(self)).items():
            _check(name, getattr(self, name), kind, about)


def knobs(config_type: type) -> dict[str, tuple[Any, Knob]]:
    """Return each field's type and `Knob`, in order."""
    hints = get_type_hints(config_type)
    return {
        item.name: (hints[item.name], item.metadata["knob"])
        for item in dataclasses.fields(config_type)
    }


def to_dict(config: Any) -> dict[str, Any]:
    """Convert a config to plain values for JSON; `from_dict` undoes it."""
    return dataclasses.asdict(config)


def from_dict(config_type: type[T], values: dict[str, Any]) -> T:
    """Build a config from plain values of JSON; missing fields have their defaults, former names are accepted.

    Raises:
        ConfigError: an unknown knob, or an invalid value.
    """
    hints = get_type_hints(config_type)
    former = _former_names(config_type)
    renamed = {former[name]: value for name, value in values.items() if name in former}
    named = renamed | {name: value for name, value in values.items() if name not in former}
    for name in named:
        if name not in hints:
            raise unknown_knob(name, list(hints))
    return config_type(**{name: _from_json(hints[name], value) for name, value in named.items()})


def _former_names(config_type: type) -> dict[str, str]:
    """Map former names of a config's knobs to their names; none for a config of configs."""
    if not issubclass(config_type, Checked):
        return {}
    return {about.former: name for name, (_, about) in knobs(config_type).items() if about.former}


def unknown_knob(name: str, names: list[str]) -> ConfigError:
    """Make the error for an unknown knob, with the nearest known one."""
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"The knobs are {', '.join(names)}."
    return ConfigError(f"There is no knob {name!r}.", hint=hint)


def _from_json(kind: Any, value: Any) -> Any:
    """Restore dataclasses and tuples, which JSON does not have."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return from_dict(kind, value)
    return tuple(value) if isinstance(value, list) else value


def _check(name: str, value: Any, kind: Any, about: Knob) -> None:
    """Raise ConfigError for a value of the wrong type, out of bounds or not among the choices."""
    if not _has_type(value, kind):
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        expected = f"one of {', '.join(map(str, choices))}" if choices else _type_name(kind)
        raise ConfigError(f"{name} is {_typed(value)}, not {expected}.", hint="Change it to that.")
    for number in value if isinstance(value, tuple) else (value,):
        if number is None or isinstance(number, bool | str):
            continue
        if (about.low is not None and number < about.low) or (
            about.high is not None and number > about.high
        ):
            raise ConfigError(
                f"{name} is {number}, outside {bounds(about)}.", hint="Choose a value inside."
            )


def _has_type(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Literal:
        return value in get_args(kind)
    if origin in (Union, types.UnionType):
        return any(_has_type(value, choice) for choice in get_args(kind))
    if origin is tuple:
        inner = get_args(kind)
        return (
            isinstance(value, tuple)
            and (inner[-1] is Ellipsis or len(value) == len(inner))
            and all(_has_type(item, inner[0]) for item in value)
        )
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _type_name(kind: Any) -> str:
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        return "numbers" if Ellipsis in inner else f"{len(inner)} numbers"
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)


def _typed(value: Any) -> str:
    """Format a value as it is typed on the command line."""
    return " ".join(map(str, value)) or "empty" if isinstance(value, tuple) else repr(value)


def bounds(about: Knob) -> str:
    """Format a knob's bounds in words; empty without any."""
    low = "" if about.low is None else f"{about.low:g}"
    high = "" if about.high is None else f"{about.high:g}"
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else ""
