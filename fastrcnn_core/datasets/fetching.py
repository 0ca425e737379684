"""Fetching one file of known size over HTTP: goes on where it stopped, can be stopped, and fails in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fastrcnn_core.errors import DataError

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[int, int], None]  # (bytes so far, bytes in all)
Cancelled = Callable[[], bool]

# Chosen here: a server that is silent for so many seconds is taken for gone, and a lost connection is taken up
# again so many times, as long as each one brings something.
TIMEOUT = 20
ATTEMPTS = 4
PIECE = 1 << 14  # bytes; what came of a piece when the connection broke is lost


class FetchStoppedError(DataError):
    """The person stopped the download; what came so far is kept."""


def fetch(url: str, path: Path, *, size: int, progress: Progress, cancelled: Cancelled) -> None:
    """Bring the file at `url` to `path`, going on from what is already there.

    Args:
        url: http or https.
        path: the file to fill; after an error it holds what came so far.
        size: how many bytes the whole file has.
        progress: called with (bytes so far, `size`) after each piece.
        cancelled: asked before each piece.

    Raises:
        FetchStoppedError: `cancelled` said so.
        DataError: no connection, no such file, a file of another size, or a disk that does not take it.
    """
    import requests

    for attempt in range(ATTEMPTS):
        before = _length(path)
        try:
            return _go_on(url, path, size=size, progress=progress, cancelled=cancelled)
        except requests.RequestException as error:  # which is an OSError too, so it comes first
            if attempt == ATTEMPTS - 1 or _length(path) <= before:
                _complain(url, _length(path), size, error)
        except OSError as error:
            raise DataError(
                f"The download cannot be written to {path.parent} ({error.strerror or error}).",
                hint="Free some space, or choose a folder that can be written to.",
            ) from error


def _go_on(url: str, path: Path, *, size: int, progress: Progress, cancelled: Cancelled) -> None:
    """One connection: all that is still missing, or an error."""
    import requests

    path.parent.mkdir(parents=True, exist_ok=True)
    have = _length(path)
    if have == size:
        progress(have, size)
        return
    response, done = _ask(url, start=have)
    with response, path.open("ab" if done else "wb") as file:
        _expect_size(url, done + int(response.headers.get("Content-Length", size - done)), size)
        for piece in response.iter_content(PIECE):
            _expect_wanted(cancelled, done, size)
            _expect_size(url, max(size, done + len(piece)), size)
            done += file.write(piece)
            progress(done, size)
    if done < size:  # a server that names no length just stops
        raise requests.ConnectionError("the server ended early")


def _ask(url: str, *, start: int) -> tuple[Response, int]:
    """The server's answer, its content not yet read, and the byte at which it begins: `start`, or 0."""
    import requests

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    if response.status_code == 200:
        return response, 0
    if response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        return response, start
    response.close()
    if start:  # the server cannot go on from there: from the beginning, then
        return _ask(url, start=0)
    raise DataError(
        f"{url} cannot be had: the server says {response.status_code} {response.reason}.",
        hint="Try again later.",
    )


def _expect_size(url: str, offered: int, size: int) -> None:
    if offered != size:
        raise DataError(
            f"{url} is not the file that is expected: {offered:,} bytes instead of {size:,}.",
            hint="A network's login page may stand in between: open the address in a browser.",
        )


def _expect_wanted(cancelled: Cancelled, done: int, size: int) -> None:
    if cancelled():
        raise FetchStoppedError(
            f"The download was stopped after {done:,} of {size:,} bytes.",
            hint="Start it again to go on from there.",
        )


def _complain(url: str, done: int, size: int, error: Exception) -> NoReturn:
    if done:
        raise DataError(
            f"The download from {url} broke off after {done:,} of {size:,} bytes.",
            hint="Check the connection and start it again: it goes on from there.",
        ) from error
    raise DataError(
        f"{url} cannot be reached.", hint="Check the network connection and try again."
    ) from error


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
