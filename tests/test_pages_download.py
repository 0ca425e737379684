"""Penn-Fudan's download on screen: how far, how long, stopped and gone on with, and what to do when it fails.

A server on this machine has a very small Penn-Fudan: four street scenes in its layout.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core.datasets import downloaded_folder
from fastrcnn_core.datasets.pennfudan import PennFudanDataset
from fastrcnn_core.datasets.pennfudan_download import Release
from fastrcnn_core.datasets.street_scenes import copy_street_scenes
from pages.ui.jobs import download
from pages.ui.jobs.download import download_job
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.datasets import write_tiny, zipped
from tests.support.file_server import SmallServer, serving

BEGIN, STOP = "download-page", "stop-page"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Release]:
    """Make the zip file and its release, whose address is given later."""
    folder = copy_street_scenes(tmp_path_factory.mktemp("origin") / "PennFudanPed", count=4)
    for photograph in list((folder / "PNGImages").iterdir()):  # PNG, as Penn-Fudan's: 1 MB in all
        PIL.Image.open(photograph).save(photograph.with_suffix(".png"))
        photograph.unlink()
    content = zipped(folder, folder.with_name("data.zip")).read_bytes()
    data = PennFudanDataset(folder)
    boxes = sum(len(data.annotation(name).boxes) for name in data.names)
    return content, Release("", len(content), images=4, boxes=boxes)


@pytest.fixture
def server(
    release: tuple[bytes, Release], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallServer]:
    """Serve the zip file; the app is on other data at first, and no page runs the network."""
    content, expected = release
    monkeypatch.setenv("FASTRCNN_DATA", str(write_tiny(tmp_path / "tiny street")))
    monkeypatch.setattr("pages.ui.state.devices.network_is_loaded", lambda: False)
    with serving(content) as small:
        monkeypatch.setattr(download, "OFFICIAL", replace(expected, url=small.url))
        yield small
        download_job().stop()
    wait()


@pytest.fixture
def app(server: SmallServer) -> AppTest:
    return open_app("dataset")


def begin(app: AppTest) -> AppTest:
    """Click the button, wait until the download has ended, well or badly, and rerun the page."""
    app.button(key=BEGIN).click().run()
    wait()
    return app.run()


def begin_until(app: AppTest, count: int) -> AppTest:
    """Click the button, wait until so many bytes are here, and rerun the page."""
    app.button(key=BEGIN).click().run()
    for _ in range(3000):
        if download_job().done >= count:
            return app.run()
        threading.Event().wait(0.01)
    raise AssertionError(f"only {download_job().done} bytes came")


def wait() -> None:
    for _ in range(600):
        if not download_job().is_running:
            return
        threading.Event().wait(0.1)
    raise AssertionError("the download goes on")


def progress(app: AppTest) -> tuple[float, str]:
    """Return the progress bar's share and its text."""
    bar = app.main.get("progress")[0].proto
    return bar.value / 100, bar.text


def keys(app: AppTest) -> set[str]:
    return {str(element.key) for element in app.button}


def test_the_offer_says_what_comes_how_much_and_from_where(app: AppTest) -> None:
    size = download_job().release.size / 1e6
    assert f"4 street pictures with {boxes()} people, {size:.1f} MB from the University" in words(
        app
    )
    assert app.button(key=BEGIN).label == "Download Penn-Fudan"
    assert {BEGIN, "download-sidebar"} <= keys(app)


def test_a_finished_download_is_shown_and_no_longer_offered(app: AppTest) -> None:
    begin(app)
    assert not complaints(app)
    assert app.selectbox(key="pick-data").value == "penn-fudan"
    assert "4 pictures, 3 for training and 1 for the test" in words(app)
    assert link(app)["data"] == "penn-fudan"
    assert link(app)["picture"] == "scene-0001"
    assert not {BEGIN, STOP, "download-sidebar"} & keys(app)


def test_while_it_comes_the_page_says_how_far_it_is_and_how_long_it_takes(
    app: AppTest, server: SmallServer
) -> None:
    half = len(server.content) // 2
    server.holds = [half]
    begin_until(app, half - 20_000)
    share, message = progress(app)
    assert share == pytest.approx(0.5, abs=0.05)
    assert f"of {len(server.content) / 1e6:.1f} MB, about" in message
    assert message.endswith(" s left")
    assert {STOP, "stop-sidebar"} <= keys(app)
    assert BEGIN not in keys(app)
    server.go_on.set()
    wait()
    app.run()
    assert app.selectbox(key="pick-data").value == "penn-fudan"


def test_a_stop_keeps_what_came_and_the_next_start_goes_on_from_there(
    app: AppTest, server: SmallServer
) -> None:
    half = len(server.content) // 2
    server.holds = [half]
    begin_until(app, half - 20_000)
    app.button(key=STOP).click().run()
    assert app.button(key=STOP).label == "Stopping…"
    server.go_on.set()
    wait()
    app.run()
    assert not complaints(app)  # a wish is no failure
    assert "of them are here already" in words(app)
    assert app.button(key=BEGIN).label == "Go on with the download"
    begin(app)
    assert app.selectbox(key="pick-data").value == "penn-fudan"
    assert server.asked[0] is None
    assert server.asked[1] is not None
    assert int(server.asked[1].removeprefix("bytes=").rstrip("-")) >= half - 20_000


def test_another_server_goes_on_where_the_last_one_was_stopped(
    app: AppTest, server: SmallServer
) -> None:
    partial = downloaded_folder().with_name("PennFudanPed.zip.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_bytes(server.content[:50_000])
    app = open_app("dataset")
    assert app.button(key=BEGIN).label == "Go on with the download"
    begin(app)
    assert server.asked == ["bytes=50000-"]
    assert app.selectbox(key="pick-data").value == "penn-fudan"


def test_a_server_that_cannot_go_on_in_the_middle_sends_it_all_again(
    app: AppTest, server: SmallServer
) -> None:
    server.ranges = False
    server.cuts = [50_000, 50_000]
    begin(app)
    assert "broke off after 49,152 of" in failure(app)
    begin(app)
    assert server.asked[-1] == "bytes=49152-"
    assert app.selectbox(key="pick-data").value == "penn-fudan"


def test_a_connection_that_breaks_for_good_is_told_and_can_be_gone_on_with(
    app: AppTest, server: SmallServer
) -> None:
    server.cuts = [50_000, 0, 0, 0]
    begin(app)
    assert "broke off after 49,152 of" in failure(app)
    assert app.button(key=BEGIN).label == "Go on with the download"
    server.cuts = []
    begin(app)
    assert not complaints(app)
    assert app.selectbox(key="pick-data").value == "penn-fudan"


def test_without_a_network_the_page_says_what_to_do_by_hand(
    app: AppTest, server: SmallServer
) -> None:
    server.shutdown()
    server.server_close()
    begin(app)
    message = failure(app)
    assert f"{server.url} cannot be reached" in message
    assert f"By hand: get {server.url} with a browser and unzip it into" in message
    assert str(downloaded_folder().parent) in message
    assert "FASTRCNN_DATA" in message
    assert app.selectbox(key="pick-data").value != "penn-fudan"
    assert app.button(key=BEGIN).label == "Download Penn-Fudan"


def test_a_server_that_refuses_is_told_with_its_own_words(
    app: AppTest, server: SmallServer
) -> None:
    server.status = 404
    begin(app)
    assert "the server answers 404 Not Found" in failure(app)


def test_a_damaged_zip_file_is_thrown_away_and_fetched_anew(
    app: AppTest, server: SmallServer
) -> None:
    good, server.content = server.content, b"x" * len(server.content)
    begin(app)
    assert "is damaged or no zip file" in failure(app)
    assert app.button(key=BEGIN).label == "Download Penn-Fudan"
    server.content = good
    begin(app)
    assert server.asked == [None, None]
    assert app.selectbox(key="pick-data").value == "penn-fudan"


def test_a_file_of_another_size_is_refused_and_the_login_page_suspected(
    app: AppTest, server: SmallServer
) -> None:
    server.content = b"<html>Please log in</html>"
    begin(app)
    assert f"26 bytes instead of {download_job().release.size:,}" in failure(app)
    assert "login page" in failure(app)


def test_a_data_set_with_fewer_people_than_it_should_have_does_not_appear(
    server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = replace(download.OFFICIAL, boxes=download.OFFICIAL.boxes + 1)  # type: ignore[attr-defined]
    monkeypatch.setattr(download, "OFFICIAL", more)
    app = begin(open_app("dataset"))
    assert f"4 images with {more.boxes - 1} people instead of 4 with {more.boxes}" in failure(app)
    assert not downloaded_folder().exists()


def test_a_failure_that_nobody_foresaw_is_told_too(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(download, "fetch_pennfudan", fail)
    begin(app)
    assert "for an unexpected reason" in failure(app)
    assert BEGIN in keys(app)


def test_only_who_asked_is_taken_to_the_new_data_the_others_find_it_in_their_list(
    app: AppTest, server: SmallServer
) -> None:
    visitor = visit("dataset")
    before = visitor.selectbox(key="pick-data").value
    begin(app)
    visitor.run()
    assert visitor.selectbox(key="pick-data").value == before
    assert "Penn-Fudan" in visitor.selectbox(key="pick-data").options
    assert BEGIN not in keys(visitor)


def test_somebody_on_the_default_data_stays_there_when_a_download_makes_another_default(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FASTRCNN_DATA")
    monkeypatch.setattr("pages.ui.state.sources.SYNTHETIC", "synthetic:2:0")
    monkeypatch.setattr("pages.ui.dataset.statistics.show", lambda data: None)
    visitor = visit("dataset")
    assert visitor.selectbox(key="pick-data").value == "synthetic"
    begin(app)
    visitor.run()
    assert visitor.selectbox(key="pick-data").value == "synthetic"
    assert visit("dataset").selectbox(key="pick-data").value == "penn-fudan"


def failure(app: AppTest) -> str:
    """Return the message of a failed download, without the escapes of Markdown."""
    box = app.main.error[0].proto
    return f"{box.title} {box.body}".replace("\\", "")


def boxes() -> int:
    return download_job().release.boxes
