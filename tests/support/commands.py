"""The command line in the tests' own process."""

from fastrcnn_core.__main__ import main


def exit_code(*argv: object) -> int:
    """Run a command; return its exit code."""
    try:
        return main([str(argument) for argument in argv])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
