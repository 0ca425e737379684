"""Command-line arguments: the knobs of the configs with help, source, bounds and default, and those of a detector."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import tyro

from fastrcnn_core.config import Config
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.flags import Flag, flags, text
from fastrcnn_core.knobs import bounds
from fastrcnn_core.runs import find_run

PROGRAM = "python -m fastrcnn_core"
T = TypeVar("T")

DEFAULT_DATA = "FASTRCNN_DATA, else Penn-Fudan if it was downloaded, else synthetic"


def option(metavar: str, help_text: str, *, default: str = "none") -> Any:
    """Describe an argument that may be left out; `default` words what happens then."""
    return tyro.conf.arg(
        metavar=metavar, help=help_text, help_behavior_hint=f"(default: {default})"
    )


# The data set of a command; None is the default one.
DataSetting = Annotated[
    str | None,
    option(
        "DIR",
        "A folder in Penn-Fudan's or COCO's layout, or synthetic:COUNT.",
        default=DEFAULT_DATA,
    ),
]
# The file that a command's figures go to.
FiguresFile = Annotated[Path | None, option("FILE", "Write the figures here.")]


def parse(
    arguments_type: type[T],
    argv: Sequence[str],
    *,
    command: str,
    groups: Sequence[str] = (),
    omitted: Sequence[str] = (),
    base: Config | None = None,
) -> tuple[T, Config]:
    """Parse a command's own arguments, and change `base` by its knobs.

    Args:
        arguments_type: a dataclass of the command's own arguments; its docstring is what `--help` begins with.
        command: its name.
        groups: which configs' knobs the command takes, such as "sampling".
        omitted: flags of these groups that the command would not read, such as "score-threshold".
        base: the knobs' defaults; the preset `paper` if None.

    Raises:
        SystemExit: with code 2 for invalid arguments, with 0 after `--help`.
        ConfigError: a knob is out of bounds.
    """
    start = base or Config()
    offered = [flag for flag in flags() if flag.group in groups and flag.name not in omitted]
    parsed: Any = tyro.cli(
        _with_knobs(arguments_type, offered, start),
        args=[_as_python(word) for word in argv],
        prog=f"{PROGRAM} {command}",
        description=arguments_type.__doc__,
        config=(tyro.conf.OmitArgPrefixes,),
    )
    own = {name: value for name, value in vars(parsed).items() if name not in groups}
    changed = {
        group: dataclasses.replace(getattr(start, group), **vars(getattr(parsed, group)))
        for group in groups
    }
    return arguments_type(**own), dataclasses.replace(start, **changed)


@dataclass(frozen=True, kw_only=True)
class DetectorArguments:
    """Arguments that name a detector; without them, the shipped one is taken."""

    run: Annotated[
        str | None, tyro.conf.arg(metavar="NAME", help="A run: its newest checkpoint is taken.")
    ] = None
    checkpoint: Annotated[
        Path | None, tyro.conf.arg(metavar="FILE", help="A checkpoint's .safetensors file.")
    ] = None
    device: Annotated[
        str, tyro.conf.arg(help="cuda, mps or cpu; auto takes the fastest that is there.")
    ] = "auto"


D = TypeVar("D", bound=DetectorArguments)


def parse_with_detector(
    arguments_type: type[D],
    argv: Sequence[str],
    *,
    command: str,
    groups: Sequence[str],
    omitted: Sequence[str] = (),
) -> tuple[D, Config, Path]:
    """Parse as `parse` does, with the knobs of the detector's checkpoint as defaults; return that file, too.

    Raises:
        SystemExit: as `parse`.
        CheckpointError, RunError: there is no such detector. ConfigError: a knob is out of bounds.
    """
    if {"-h", "--help"} & set(argv):  # needs no detector, and ends the program
        parse(arguments_type, argv, command=command, groups=groups, omitted=omitted)
    from fastrcnn_core.detector import bundled_checkpoint, checkpoint_config  # imports torch

    file = _checkpoint_of(argv) or bundled_checkpoint()
    base = checkpoint_config(file)
    arguments, config = parse(
        arguments_type, argv, command=command, groups=groups, omitted=omitted, base=base
    )
    return arguments, config, file


def value_of(argv: Sequence[str], name: str) -> str | None:
    """Read the value of `--name VALUE` or `--name=VALUE` before parsing; None without it."""
    for place, word in enumerate(argv):
        if word == f"--{name}" and place + 1 < len(argv):
            return argv[place + 1]
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None


def _with_knobs(arguments_type: type, offered: Sequence[Flag], base: Config) -> type:
    """Extend the command's dataclass by one field for each group of knobs."""
    fields = []
    for group in dict.fromkeys(flag.group for flag in offered):
        group_type = _group_type(group, offered, base)
        fields.append((group, group_type, dataclasses.field(default_factory=group_type)))
    return dataclasses.make_dataclass(
        arguments_type.__name__, fields, bases=(arguments_type,), frozen=True, kw_only=True
    )


def _group_type(group: str, offered: Sequence[Flag], base: Config) -> type:
    """Build a dataclass with a config's knobs as tyro wants them, titled by the config's docstring."""
    fields = [
        (flag.knob, _annotated(flag, offered, base), dataclasses.field(default=flag.value(base)))
        for flag in offered
        if flag.group == group
    ]
    made = dataclasses.make_dataclass(group, fields, frozen=True, kw_only=True)
    made.__doc__ = (type(getattr(base, group)).__doc__ or "").splitlines()[0]
    return made


def _annotated(flag: Flag, offered: Sequence[Flag], base: Config) -> Any:
    """Annotate a knob's type with its flag and help; a name that no other flag offered here has is an alias."""
    plain = flag.knob.replace("_", "-")
    alone = sum(each.knob == flag.knob for each in offered) == 1
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
    """Return "FLOAT|none" for an optional knob; None, which is tyro's own choice, for others."""
    kinds = get_args(kind)
    if type(None) not in kinds:
        return None
    return "|".join("none" if each is type(None) else each.__name__.upper() for each in kinds)


def _as_python(word: str) -> str:
    """Convert "none" to tyro's spelling, Python's."""
    if word == "none" or (word.startswith("--") and word.endswith("=none")):
        return word.removesuffix("none") + "None"
    return word


def _checkpoint_of(argv: Sequence[str]) -> Path | None:
    """Find the checkpoint file that --run or --checkpoint names; None without both.

    Raises:
        RunError: there is no such run. CheckpointError: it has no checkpoint yet, or two detectors are named.
    """
    run, file = value_of(argv, "run"), value_of(argv, "checkpoint")
    if run is not None and file is not None:
        raise CheckpointError(
            "Both --run and --checkpoint name a detector.", hint="Give one of them."
        )
    if run is not None:
        return find_run(run).latest_checkpoint().model_file
    return None if file is None else Path(file)
