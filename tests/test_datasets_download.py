"""Penn-Fudan's download, from a server on this machine with a very small Penn-Fudan."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from fastrcnn_core.datasets import default_dataset_setting
from fastrcnn_core.datasets.fetching import FetchStoppedError
from fastrcnn_core.datasets.pennfudan import PennFudanDataset
from fastrcnn_core.datasets.pennfudan_download import (
    OFFICIAL,
    Release,
    download,
    downloaded_folder,
    is_downloaded,
)
from fastrcnn_core.errors import DataError
from tests.support.datasets import write_pennfudan, zipped
from tests.support.file_server import SmallServer, serving

MASKS = {"a": [[1, 0, 2]], "b": [[0, 0, 3]]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmallServer]:
    folder = write_pennfudan(tmp_path / "origin" / "PennFudanPed", MASKS)
    with serving(zipped(folder, tmp_path / "origin" / "data.zip").read_bytes()) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "place"


def release_of(server: SmallServer) -> Release:
    return Release(server.url, len(server.content), images=2, boxes=3)


def bring(server: SmallServer, place: Path, **changes: Any) -> Path:
    settings: dict[str, Any] = {
        "progress": lambda done, size: None,
        "cancelled": lambda: False,
        "release": release_of(server),
    }
    return download(place, **(settings | changes))


def visible(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if not path.name.startswith("."))


def test_the_release_is_the_one_of_the_authors_page() -> None:
    assert OFFICIAL.url == "https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip"
    assert (OFFICIAL.size, OFFICIAL.images, OFFICIAL.boxes) == (53_723_336, 170, 423)


def test_it_leaves_the_data_set_and_nothing_else(server: SmallServer, place: Path) -> None:
    folder = bring(server, place)
    assert folder == place / "PennFudanPed"
    assert PennFudanDataset(folder).names == ("a", "b")
    assert visible(place) == ["PennFudanPed"]
    assert not list(place.glob("*.unpacking"))


def test_the_folder_of_the_data_set_itself_can_be_named(server: SmallServer, place: Path) -> None:
    assert bring(server, place / "PennFudanPed") == place / "PennFudanPed"


def test_what_is_there_is_not_fetched_again(server: SmallServer, place: Path) -> None:
    bring(server, place)
    bring(server, place)
    assert len(server.asked) == 1


def test_once_downloaded_it_is_what_the_app_opens(server: SmallServer) -> None:
    assert default_dataset_setting() == "synthetic"
    assert not is_downloaded()
    bring(server, downloaded_folder())
    assert is_downloaded()
    assert default_dataset_setting() == str(downloaded_folder())


def test_after_a_stop_it_goes_on_and_there_is_no_data_set_meanwhile(
    server: SmallServer, place: Path
) -> None:
    server.content += b"\0" * 100_000  # a zip file may have a tail; this one takes several pieces
    answers = iter([False, False, True])
    with pytest.raises(FetchStoppedError):
        bring(server, place, cancelled=lambda: next(answers))
    assert visible(place) == ["PennFudanPed.zip.partial"]


def test_a_transfer_that_breaks_off_leaves_no_data_set(server: SmallServer, place: Path) -> None:
    server.cuts = [0]
    with pytest.raises(DataError, match="cannot be reached") as caught:
        bring(server, place)
    assert not (place / "PennFudanPed").exists()
    assert server.url in caught.value.hint
    assert str(place) in caught.value.hint
    assert "FASTRCNN_DATA" in caught.value.hint


@pytest.mark.parametrize("changes", [{"images": 3}, {"boxes": 4}])
def test_a_data_set_with_other_counts_does_not_appear_and_is_fetched_anew_next_time(
    server: SmallServer, place: Path, changes: dict[str, int]
) -> None:
    with pytest.raises(DataError, match="2 images with 3 people instead of"):
        bring(server, place, release=replace(release_of(server), **changes))  # type: ignore[arg-type]
    assert visible(place) == []
    bring(server, place)
    assert server.asked == [None, None]


def test_a_zip_file_of_something_else_is_refused(
    server: SmallServer, place: Path, tmp_path: Path
) -> None:
    unrelated = write_pennfudan(tmp_path / "Other", MASKS)
    server.content = zipped(unrelated, tmp_path / "other.zip").read_bytes()
    with pytest.raises(DataError, match="no PennFudanPed"):
        bring(server, place)
    assert visible(place) == []


def test_a_damaged_zip_file_is_thrown_away(server: SmallServer, place: Path) -> None:
    good, server.content = server.content, b"x" * len(server.content)
    with pytest.raises(DataError, match="no zip file"):
        bring(server, place)
    assert visible(place) == []
    server.content = good
    assert bring(server, place).is_dir()


def test_a_mask_of_another_size_in_the_zip_file_is_refused(
    server: SmallServer, place: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "origin" / "PennFudanPed"
    (folder / "PedMasks/a_mask.png").write_bytes((folder / "PNGImages/b.png").read_bytes())
    server.content = zipped(folder, tmp_path / "new.zip").read_bytes()
    with pytest.raises(DataError, match="not whole: a: "):
        bring(server, place)
    assert visible(place) == []


def test_a_place_that_is_taken_is_left_as_it_is(server: SmallServer, place: Path) -> None:
    write_pennfudan(place / "PennFudanPed", {"mine": [[1]]})
    with pytest.raises(DataError, match="not whole"):
        bring(server, place)
    assert PennFudanDataset(place).names == ("mine",)
    assert server.asked == []


def test_what_an_earlier_process_left_half_unpacked_is_cleared_away(
    server: SmallServer, place: Path
) -> None:
    (place / ".PennFudanPed.0.unpacking" / "PennFudanPed").mkdir(parents=True)
    bring(server, place)
    assert not list(place.glob(".*.unpacking"))


def test_two_at_a_time_do_not_collide(server: SmallServer, place: Path) -> None:
    place.mkdir()
    with FileLock(place / ".PennFudanPed.lock"), pytest.raises(DataError, match="right now"):
        bring(server, place)
    assert bring(server, place).is_dir()


def test_a_place_that_cannot_be_written_to_is_an_error_in_words(
    server: SmallServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="cannot be written to"):
        bring(server, tmp_path / "file")


@pytest.mark.network
def test_the_authors_server_has_the_file_in_the_size_that_is_expected(tmp_path: Path) -> None:
    try:
        download(tmp_path, progress=lambda done, size: None, cancelled=lambda: True)
    except FetchStoppedError:
        return  # the size is compared before the first piece is asked for
    except DataError as error:
        if "cannot be reached" in error.problem:
            pytest.skip("no network, or the authors' server is down")
        raise
