"""Download of one file of known size over HTTP that resumes after an interruption and can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fastrcnn_core.errors import DataError

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[int, int], None]  # (bytes so far, bytes in all)
Cancelled = Callable[[], bool]

# Chosen here: seconds of silence after which a connection counts as lost, and the number of retries, as long as each
# brings some bytes.
TIMEOUT = 20
ATTEMPTS = 4
PIECE = 1 << 14  # bytes; the part of a piece that came before the connection broke is lost


class FetchStoppedError(DataError):
    """The download was cancelled; the bytes so far are kept."""


def fetch(url: str, path: Path, *, size: int, progress: Progress, cancelled: Cancelled) -> None:
    """Download the file at `url` to `path`, resuming from the bytes that are already there.

    Args:
        url: http or https.
        path: the file to fill; after an error it holds the bytes so far.
        size: of the complete file, in bytes.
        progress: called with (bytes so far, `size`) after each piece.
        cancelled: called before each piece.

    Raises:
        FetchStoppedError: `cancelled` returned True.
        DataError: no connection, no such file, a file of another size, or a disk that cannot be written to.
    """
    import requests

    for attempt in range(ATTEMPTS):
        before = _length(path)
        try:
            return _resume(url, path, size=size, progress=progress, cancelled=cancelled)
        except requests.RequestException as error:  # which is an OSError too, so it comes first
            if attempt == ATTEMPTS - 1 or _length(path) <= before:
                _raise_broken(url, _length(path), size, error)
        except OSError as error:
            raise DataError(
                f"The download cannot be written to {path.parent} ({error.strerror or error}).",
                hint="Free some space, or choose a folder that can be written to.",
            ) from error


def _resume(url: str, path: Path, *, size: int, progress: Progress, cancelled: Cancelled) -> None:
    """Fetch all missing bytes over one connection, or raise."""
    import requests

    path.parent.mkdir(parents=True, exist_ok=True)
    have = _length(path)
    if have == size:
        progress(have, size)
        return
    response, done = _request(url, start=have)
    with response, path.open("ab" if done else "wb") as file:
        _expect_size(url, done + int(response.headers.get("Content-Length", size - done)), size)
        for piece in response.iter_content(PIECE):
            _expect_not_cancelled(cancelled, done, size)
            _expect_size(url, max(size, done + len(piece)), size)
            done += file.write(piece)
            progress(done, size)
    if done < size:  # a server that names no length just stops
        raise requests.ConnectionError("the server ended early")


def _request(url: str, *, start: int) -> tuple[Response, int]:
    """Return the server's response, its content unread, and the byte at which it begins: `start`, or 0."""
    import requests

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    if response.status_code == 200:
        return response, 0
    if response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        return response, start
    response.close()
    if start:  # the server cannot resume there: begin again
        return _request(url, start=0)
    raise DataError(
        f"{url} cannot be downloaded: the server answers {response.status_code} {response.reason}.",
        hint="Try again later.",
    )


def _expect_size(url: str, offered: int, size: int) -> None:
    if offered != size:
        raise DataError(
            f"{url} is not the expected file: {offered:,} bytes instead of {size:,}.",
            hint="A network's login page may stand in between: open the address in a browser.",
        )


def _expect_not_cancelled(cancelled: Cancelled, done: int, size: int) -> None:
    if cancelled():
        raise FetchStoppedError(
            f"The download was stopped after {done:,} of {size:,} bytes.",
            hint="Start it again to resume.",
        )


def _raise_broken(url: str, done: int, size: int, error: Exception) -> NoReturn:
    if done:
        raise DataError(
            f"The download from {url} broke off after {done:,} of {size:,} bytes.",
            hint="Check the connection and start it again: it resumes there.",
        ) from error
    raise DataError(
        f"{url} cannot be reached.", hint="Check the network connection and try again."
    ) from error


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
