"""Command-line flags of the knobs, and the conversion of a config to command-line arguments."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from typing import Any

from fastrcnn_core.config import Config, PresetName, preset
from fastrcnn_core.knobs import Knob, knobs


@dataclasses.dataclass(frozen=True)
class Flag:
    """Command-line flag of a knob.

    Args:
        group: the config it belongs to, such as "sampling". knob: its field there.
        name: with dashes, without the two in front, such as "learning-rate".
        kind: its type. about: its help, source and bounds.
    """

    group: str
    knob: str
    name: str
    kind: Any
    about: Knob

    @property
    def former(self) -> str:
        """The knob's flag in older releases; "" if it was never renamed."""
        return self.about.former.replace("_", "-")

    def value(self, config: Config) -> Any:
        return getattr(getattr(config, self.group), self.knob)


@functools.cache
def flags() -> tuple[Flag, ...]:
    """List the flags of all knobs in order; a name that several groups have is `group-name`.

    The training's seed is `--seed`.
    """
    groups = {name: type(value) for name, value in vars(Config()).items()}
    count = Counter(name for kind in groups.values() for name in knobs(kind))
    return tuple(
        Flag(group, name, _flag(group, name, alone=count[name] == 1), kind, about)
        for group, config_type in groups.items()
        for name, (kind, about) in knobs(config_type).items()
    )


def to_arguments(config: Config, *, base: PresetName = "paper") -> list[str]:
    """Convert a config to the arguments that turn the preset into it; `train` parses them to the same config."""
    start = preset(base)
    arguments = ["--preset", base]
    for flag in flags():
        value = flag.value(config)
        if value != flag.value(start):
            arguments += _argument(flag.name, value)
    return arguments


def text(value: Any) -> str:
    """Format a knob's value as it is typed."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return " ".join(map(text, value))
    return repr(value) if isinstance(value, float) else str(value)


def _flag(group: str, name: str, *, alone: bool) -> str:
    plain = alone or (group, name) == ("training", "seed")
    return (name if plain else f"{group}_{name}").replace("_", "-")


def _argument(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    values = value if isinstance(value, tuple) else (value,)
    return [f"--{name}", *map(text, values)]
