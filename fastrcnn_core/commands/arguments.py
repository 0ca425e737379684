"""Command-line arguments, generated from the knobs of the configs: help, source, bounds and default included."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args

import tyro

from fastrcnn_core.config import Config
from fastrcnn_core.flags import Flag, flags, text
from fastrcnn_core.knobs import bounds

PROGRAM = "python -m fastrcnn_core"
T = TypeVar("T")

# Which data set a command works on; None is the default one.
DataSetting = Annotated[
    str | None,
    tyro.conf.arg(
        metavar="DIR",
        help="A folder in Penn-Fudan's or COCO's layout, or synthetic:COUNT.",
        help_behavior_hint="(default: FASTRCNN_DATA, else Penn-Fudan if it was downloaded, else synthetic)",
    ),
]


def parse(
    arguments_type: type[T],
    arguments: Sequence[str],
    *,
    command: str,
    groups: Sequence[str] = (),
    base: Config | None = None,
) -> tuple[T, Config]:
    """The command's own arguments, and the config that its knobs make of `base`.

    Args:
        arguments_type: a dataclass of the command's own arguments; its docstring is what `--help` begins with.
        command: its name.
        groups: which configs' knobs the command takes, such as "sampling".
        base: the knobs' defaults; the preset `paper` if None.

    Raises:
        SystemExit: with code 2 for arguments that make no sense, with 0 after `--help`.
        ConfigError: a knob is out of bounds.
    """
    start = base or Config()
    parsed: Any = tyro.cli(
        _with_knobs(arguments_type, groups, start),
        args=[_as_python(word) for word in arguments],
        prog=f"{PROGRAM} {command}",
        description=arguments_type.__doc__,
        config=(tyro.conf.OmitArgPrefixes,),
    )
    own = {name: getattr(parsed, name) for name in _names(arguments_type)}
    changed = {
        group: type(getattr(start, group))(**vars(getattr(parsed, group))) for group in groups
    }
    return arguments_type(**own), dataclasses.replace(start, **changed)


def value_of(arguments: Sequence[str], name: str) -> str | None:
    """What stands behind `--name` or `--name=`, before anything is parsed; None if it is not there."""
    for place, word in enumerate(arguments):
        if word == f"--{name}" and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None


def _with_knobs(arguments_type: type, groups: Sequence[str], base: Config) -> type:
    """The command's dataclass with one more field for each group of knobs."""
    fields = []
    for group in groups:
        group_type = _group_type(group, groups, base)
        fields.append((group, group_type, dataclasses.field(default_factory=group_type)))
    return dataclasses.make_dataclass(
        arguments_type.__name__, fields, bases=(arguments_type,), frozen=True, kw_only=True
    )


def _group_type(group: str, groups: Sequence[str], base: Config) -> type:
    """A dataclass with a config's knobs as tyro wants them; it is titled by the question that the config answers."""
    known = [flag for flag in flags() if flag.group in groups]
    fields = [
        (flag.knob, _annotated(flag, known, base), dataclasses.field(default=flag.value(base)))
        for flag in known
        if flag.group == group
    ]
    made = dataclasses.make_dataclass(group, fields, frozen=True, kw_only=True)
    made.__doc__ = (type(getattr(base, group)).__doc__ or "").splitlines()[0]
    return made


def _annotated(flag: Flag, known: Sequence[Flag], base: Config) -> Any:
    plain = flag.knob.replace("_", "-")
    alone = sum(other.knob == flag.knob for other in known) == 1
    names = ([plain] if alone else []) + ([flag.former] if flag.former else [])
    limits = bounds(flag.about)
    return Annotated[
        flag.kind,
        tyro.conf.arg(
            name=flag.name,
            metavar=_metavar(flag.kind),
            aliases=[f"--{name}" for name in names if name != flag.name],
            help=f"{flag.about.help} [{flag.about.source}]",
            help_behavior_hint=f"(default: {text(flag.value(base))}{'; ' + limits if limits else ''})",
        ),
    ]


def _metavar(kind: Any) -> str | None:
    """ "FLOAT|none" where no value is a value; tyro's own choice elsewhere."""
    kinds = get_args(kind)
    if type(None) not in kinds:
        return None
    return "|".join("none" if it is type(None) else it.__name__.upper() for it in kinds)


def _names(dataclass_type: Any) -> list[str]:
    return [item.name for item in dataclasses.fields(dataclass_type)]


def _as_python(word: str) -> str:
    """People write none; tyro expects Python's spelling."""
    if word == "none" or (word.startswith("--") and word.endswith("=none")):
        return word.removesuffix("none") + "None"
    return word
