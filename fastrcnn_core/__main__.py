"""The command line: `python -m fastrcnn_core data|propose|estimate|train|evaluate|detect`, or `fastrcnn …`.

Exit codes: 0 success; 1 failure, or an image could not be used; 2 invalid arguments; 130 Ctrl-C.
"""

from __future__ import annotations

import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence

import fastrcnn_core
from fastrcnn_core.errors import ConfigError, UserError
from fastrcnn_core.terminal import set_quiet

COMMANDS = {
    "data": "download, write or check a data set, and print its statistics",
    "propose": "compute the proposals of a data set by Selective Search",
    "estimate": "estimate the time and memory of a training run on this machine",
    "train": "train a detector; the process that the app starts",
    "evaluate": "evaluate a detector by COCO's average precision",
    "detect": "detect on image files",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code.

    Args:
        argv: the command and its arguments; None takes those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a letter that the code page lacks ends no command
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except UserError as error:
        print(f"{error.problem} {error.hint}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(argv: list[str]) -> int:
    set_quiet("--quiet" in argv)
    argv = [word for word in argv if word != "--quiet"]
    if not argv or argv[0] in ("-h", "--help"):
        print(_usage())
        return 0 if argv else 2
    if argv[0] == "--version":
        print(fastrcnn_core.__version__)
        return 0
    command, *arguments = argv
    if command not in COMMANDS:
        print(_unknown(command), file=sys.stderr)
        return 2
    module = importlib.import_module(f"fastrcnn_core.commands.{command}")
    return int(module.run(arguments))


def _usage() -> str:
    rows = "\n".join(f"  {name:<10}{summary}" for name, summary in COMMANDS.items())
    return (
        f"usage: python -m fastrcnn_core COMMAND …\n\n{rows}\n\n"
        "`COMMAND --help` lists all options of a command; `--version` prints the version.\n"
        "`--quiet` with any command leaves out messages and progress; results and errors stay.\n"
        "`COMMAND --tyro-print-completion bash` (or zsh, tcsh) prints a script that completes its options."
    )


def _unknown(command: str) -> str:
    near = difflib.get_close_matches(command, COMMANDS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no command {command!r}.{hint}\n{_usage()}"


if __name__ == "__main__":
    sys.exit(main())
