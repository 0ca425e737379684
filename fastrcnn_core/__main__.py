"""The command line: `python -m fastrcnn_core data|propose|estimate|train|evaluate|detect`.

Exit codes: 0 well done; 1 it failed, or a picture could not be used; 2 the arguments make no sense; 130 Ctrl-C.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

from fastrcnn_core.errors import ConfigError, UserError

COMMANDS = {
    "data": "fetch, make or check a data set, and print what is in it",
    "propose": "find the boxes that are worth looking at",
    "estimate": "measure what a training run will cost here",
    "train": "train a detector; the process that the app starts",
    "evaluate": "judge a detector by COCO's average precision",
    "detect": "detect on picture files",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if words is None else words)
    if not given or given[0] in ("-h", "--help"):
        print(_usage())
        return 0 if given else 2
    command, *rest = given
    if command not in COMMANDS:
        print(_unknown(command), file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(f"fastrcnn_core.commands.{command}")
        return int(module.run(rest))
    except UserError as error:
        print(f"{error.problem} {error.hint}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `… | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _usage() -> str:
    rows = "\n".join(f"  {name:<10}{what}" for name, what in COMMANDS.items())
    return f"usage: python -m fastrcnn_core COMMAND …\n\n{rows}\n\n`COMMAND --help` tells all of a command's knobs."


def _unknown(command: str) -> str:
    near = difflib.get_close_matches(command, COMMANDS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no command {command!r}.{hint}\n{_usage()}"


if __name__ == "__main__":
    sys.exit(main())
