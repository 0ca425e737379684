"""Fetching a file over HTTP, from a server of good and of bad manners."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastrcnn_core.datasets.fetching import PIECE, FetchStoppedError, fetch
from fastrcnn_core.errors import DataError
from tests.support.file_server import SmallServer, serving

CONTENT = random.Random(0).randbytes(300_000)


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with serving(CONTENT) as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "file.partial"


def bring(server: SmallServer, path: Path, **changes: Any) -> None:
    settings: dict[str, Any] = {
        "size": len(CONTENT),
        "progress": lambda done, size: None,
        "cancelled": lambda: False,
    }
    fetch(server.url, path, **(settings | changes))


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)


def test_a_file_arrives_and_tells_how_far_it_is(server: SmallServer, path: Path) -> None:
    steps: list[tuple[int, int]] = []
    bring(server, path, progress=lambda done, size: steps.append((done, size)))
    assert path.read_bytes() == CONTENT
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (300_000, 300_000)
    assert len(steps) > 1


def test_it_goes_on_where_it_stopped(server: SmallServer, path: Path) -> None:
    put(path, CONTENT[:100_000])
    bring(server, path)
    assert path.read_bytes() == CONTENT
    assert server.asked == ["bytes=100000-"]


def test_it_starts_anew_with_a_server_that_knows_no_ranges(server: SmallServer, path: Path) -> None:
    server.ranges = False
    put(path, b"x" * 100_000)
    bring(server, path)
    assert path.read_bytes() == CONTENT


def test_a_whole_file_is_not_asked_for_again(server: SmallServer, path: Path) -> None:
    put(path, CONTENT)
    bring(server, path)
    assert server.asked == []


def test_too_long_a_beginning_is_thrown_away(server: SmallServer, path: Path) -> None:
    put(path, CONTENT + b"x")
    bring(server, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("names_length", [True, False])
def test_a_lost_connection_is_taken_up_again(
    server: SmallServer, path: Path, names_length: bool
) -> None:
    server.cuts, server.names_length = [3 * PIECE, 2 * PIECE], names_length
    bring(server, path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={3 * PIECE}-", f"bytes={5 * PIECE}-"]


def test_a_connection_that_brings_nothing_more_is_given_up_and_the_beginning_kept(
    server: SmallServer, path: Path
) -> None:
    server.cuts = [3 * PIECE, 0, PIECE]
    with pytest.raises(DataError, match="broke off after 49,152 of 300,000 bytes") as caught:
        bring(server, path)
    assert "start it again" in caught.value.hint
    assert path.read_bytes() == CONTENT[: 3 * PIECE]
    assert len(server.asked) == 2


def test_it_stops_when_asked_to_and_goes_on_later(server: SmallServer, path: Path) -> None:
    answers = iter([False, False, True])
    with pytest.raises(FetchStoppedError, match="stopped after"):
        bring(server, path, cancelled=lambda: next(answers))
    assert 0 < path.stat().st_size < len(CONTENT)
    bring(server, path)
    assert path.read_bytes() == CONTENT
    assert server.asked[1] is not None


@pytest.mark.parametrize("begun", [b"", CONTENT[:1000]])
def test_a_file_that_is_not_there_is_an_error_in_words(
    server: SmallServer, path: Path, begun: bytes
) -> None:
    put(path, begun)
    server.status = 404
    with pytest.raises(DataError, match="404 Not Found"):
        bring(server, path)


@pytest.mark.parametrize("names_length", [True, False])
@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_file_of_another_size_is_not_taken(
    server: SmallServer, path: Path, size: int, names_length: bool
) -> None:
    server.names_length = names_length
    with pytest.raises(DataError, match=r"300,000 (bytes )?(instead of|of)"):
        bring(server, path, size=size)


def test_without_a_network_it_says_so(path: Path) -> None:
    with serving(b"") as gone:
        url = gone.url
    with pytest.raises(DataError, match="cannot be reached"):
        fetch(url, path, size=1, progress=lambda done, size: None, cancelled=lambda: False)


def test_a_disk_that_does_not_take_it_is_an_error_in_words(
    server: SmallServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="cannot be written"):
        bring(server, tmp_path / "file" / "x.partial")
