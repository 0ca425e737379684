"""The frame of the app: the side bar, the link, what is remembered, and what happens when something fails."""

import errno
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from streamlit import runtime
from streamlit.testing.v1 import AppTest

from pages.ui.cache.memory import BytesCache
from pages.ui.jobs import warm_up
from pages.ui.state import sources
from tests.support.app import ROOT, complaints, link, open_app, visit, words
from tests.support.datasets import write_tiny


def png(height: int = 10, width: int = 12, value: int = 0) -> bytes:
    content = io.BytesIO()
    pixels = np.full((height, width, 3), value, np.uint8)
    PIL.Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def upload(app: AppTest, content: bytes, name: str = "mine.png") -> AppTest:
    return app.file_uploader[0].upload(name, content, "image/png").run()


def test_a_fresh_app_shows_street_scenes_that_it_made_itself() -> None:
    app = open_app()
    assert not complaints(app)
    assert app.selectbox(key="pick-data").value == "synthetic"
    assert "scene-0001" in words(app)


def test_what_fastrcnn_data_names_comes_first_and_the_street_scenes_stay(street: Path) -> None:
    app = open_app()
    assert app.selectbox(key="pick-data").options == ["tiny street", "Street scenes"]
    assert app.selectbox(key="pick-picture").value == "tiny00"


def test_the_choice_of_a_picture_stays_on_every_page_and_in_the_link(street: Path) -> None:
    app = open_app()
    app.button(key="next-picture").click().run()
    app.switch_page("pages/dataset.py").run()
    assert app.selectbox(key="pick-picture").value == "tiny01"
    assert link(app)["picture"] == "tiny01"
    assert visit("dataset", **link(app)).selectbox(key="pick-picture").value == "tiny01"


def test_after_the_last_picture_comes_the_first(street: Path) -> None:
    app = open_app(picture="tiny09")
    app.button(key="next-picture").click().run()
    assert app.selectbox(key="pick-picture").value == "tiny00"
    app.button(key="previous-picture").click().run()
    assert app.selectbox(key="pick-picture").value == "tiny09"


def test_each_data_set_remembers_its_picture(street: Path) -> None:
    app = open_app(picture="tiny04")
    tiny_token = app.selectbox(key="pick-data").value
    app.selectbox(key="pick-data").set_value("synthetic").run()
    assert app.selectbox(key="pick-picture").value == "scene-0001"
    app.selectbox(key="pick-data").set_value(tiny_token).run()
    assert app.selectbox(key="pick-picture").value == "tiny04"


@pytest.mark.parametrize("value", ["/etc", "../tiny street", "uploads", "no-such-data"])
def test_a_link_opens_nothing_that_the_server_does_not_offer(street: Path, value: str) -> None:
    app = open_app(data=value)
    assert app.selectbox(key="pick-picture").value == "tiny00"
    assert f"data “{value}”" in app.warning[0].value.replace("\\", "")
    assert link(app)["data"].startswith("tiny-street-")


def test_a_link_to_a_picture_that_is_not_there_shows_the_first_and_says_so(street: Path) -> None:
    app = open_app(picture="tiny99")
    assert app.selectbox(key="pick-picture").value == "tiny00"
    assert "tiny99" in app.warning[0].value
    assert "tiny99" in app.switch_page("pages/dataset.py").run().warning[0].value
    assert not app.button(key="forget-unknown-words").click().run().warning


@pytest.mark.parametrize(
    ("word", "value", "sentence"),
    [
        (
            "rois-per-image",
            "9999",
            "rois-per-image=9999 in the link is outside 1 to 2048: 64 is used.",
        ),
        ("foreground-iou", "abc", "foreground-iou=abc in the link is not a number: 0.5 is used."),
        ("draw", "-4", "draw=-4 in the link is not possible here: 0 is used."),
        ("ignored", "perhaps", "ignored=perhaps in the link is not possible here: true is used."),
    ],
)
def test_a_value_in_the_link_that_its_widget_refuses_is_told_until_the_notice_is_closed(
    street: Path, word: str, value: str, sentence: str
) -> None:
    app = open_app("roi_sampling", **{word: value})
    assert sentence in app.warning[0].value
    assert sentence in app.run().warning[0].value
    assert not app.button(key="forget-unknown-words").click().run().warning


def test_values_in_the_link_that_are_taken_or_the_defaults_need_no_notice(street: Path) -> None:
    words = {"foreground-iou": "0.50", "rois-per-image": "9", "ignored": "TRUE", "draw": "3"}
    app = open_app("roi_sampling", **words)
    assert app.number_input(key="draw").value == 3
    assert not app.warning
    app.number_input(key="draw").set_value(4).run()
    assert not app.button(key="draw-again").click().run().warning
    assert not open_app("proposals", section="Engines").warning


def test_a_folder_that_is_typed_in_is_opened_in_this_session_only(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "own", count=2)
    app = open_app()
    app.text_input(key="typed-folder").set_value(str(folder))
    app.button[[element.label for element in app.button].index("Open")].click().run()
    assert app.selectbox(key="pick-picture").options == ["tiny00", "tiny01"]
    stranger = visit(data=link(app)["data"])
    assert stranger.selectbox(key="pick-data").value == "synthetic"


def test_a_data_set_that_is_not_there_is_told_in_words_and_the_app_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(tmp_path / "nowhere"))
    app = open_app()
    assert not app.exception
    assert "nothing is there" in words(app).replace("\\", "")
    app.button(key="way-out-Show the synthetic street scenes").click().run()
    assert "scene-0001" in words(app)


def test_an_upload_is_shown_on_every_page_and_by_its_link(street: Path) -> None:
    app = upload(open_app("dataset"), png(10, 12))
    assert "12 × 10 px" in words(app)
    assert app.selectbox(key="pick-data").value == "uploads"
    app.switch_page("pages/overview.py").run()
    assert "`10 × 12 × 3`" in words(app)
    assert "`10 × 12 × 3`" in words(visit(**link(app)))


def test_two_uploads_of_one_name_are_two_pictures(street: Path) -> None:
    app = upload(upload(open_app("dataset"), png(10, 12)), png(20, 24))
    assert len(app.selectbox(key="pick-picture").options) == 2
    assert "24 × 20 px" in words(app)


@pytest.mark.parametrize("content", [b"no picture at all", png()[:40], b""])
def test_an_upload_that_is_no_picture_is_refused_in_words(street: Path, content: bytes) -> None:
    app = upload(open_app("dataset"), content)
    assert not app.exception
    assert "mine" in app.error[0].value
    assert app.selectbox(key="pick-picture").value == "tiny00"


def test_a_bug_on_a_page_leaves_the_side_bar_and_says_what_happened(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app()
    monkeypatch.setattr("pages.ui.overview.pipeline.show", _fail)
    app.run()
    assert "unexpected error" in words(app)
    assert any("ZeroDivisionError" in element.value for element in app.code)
    assert app.selectbox(key="pick-picture").value == "tiny00"


def test_a_full_disk_is_told_with_the_way_out(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    app = open_app()
    monkeypatch.setattr("pages.ui.overview.pipeline.show", full)
    app.run()
    assert "disk is full" in words(app)
    assert "Delete runs that are not needed" in words(app)
    assert "unexpected error" not in words(app)


@pytest.mark.parametrize("page", ["overview", "dataset"])
def test_a_page_without_a_network_does_not_load_pytorch(street: Path, page: str) -> None:
    code = (
        "import sys; from tests.support.app import open_app, complaints\n"
        f"app = open_app({page!r}); assert not complaints(app), complaints(app)\n"
        "raise SystemExit('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()[-2000:]


def test_a_page_asked_for_first_is_reached_through_the_door(street: Path) -> None:
    code = (
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=120)\n"
        "app.switch_page('pages/dataset.py').run()\n"
        "assert app.sidebar.selectbox, 'no side bar'\n"
        "assert 'Who is in the pictures' in app.title[0].value"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()[-2000:]


def test_memory_forgets_what_was_used_least_recently() -> None:
    memory: BytesCache[str, bytes] = BytesCache(10, size=len)
    memory.put("a", bytes(4))
    memory.put("b", bytes(4))
    assert memory.get("a") is not None
    memory.put("c", bytes(4))
    assert memory.get("b") is None
    assert memory.get("a") is not None
    assert memory.put("huge", bytes(99)) == memory.get("huge")
    assert memory.get("a") is None


def _fail(*_: object) -> None:
    raise ZeroDivisionError("a bug")


def _answer_to(folder: str) -> str:
    app = open_app()
    app.text_input(key="typed-folder").set_value(folder)
    next(button for button in app.button if button.label == "Open").click().run()
    assert not app.exception
    return next(error.value for error in app.error)


@pytest.mark.parametrize(
    "folder",
    ["/", "/etc", "/nothing/here", "~root", "~nobody-of-this-name", "x" * 5000, "\0", "{link}"],
)
def test_a_folder_outside_of_the_roots_has_one_answer_whether_it_exists_or_not(
    folder: str, street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "open"
    root.mkdir()
    (root / "link").symlink_to(street)
    monkeypatch.setenv("FASTRCNN_ROOTS", str(root))
    assert "not open to visitors" in _answer_to(folder.format(link=root / "link"))


@pytest.mark.parametrize(("address", "count"), [("localhost", 2), ("0.0.0.0", 0), (None, 0)])
def test_without_roots_only_a_server_of_this_machine_opens_folders(
    address: str | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FASTRCNN_ROOTS")
    monkeypatch.setattr("streamlit.get_option", lambda name: address)
    assert len(sources._roots()) == count


def test_a_server_imports_torch_once_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    monkeypatch.setattr(warm_up, "_SECONDS", 0.01)
    monkeypatch.setattr("importlib.import_module", imported.append)
    warm_up.start()
    assert imported == []  # no server runs
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: object.__new__(runtime.Runtime))
    warm_up.start()
    warm_up.start()
    warm_up._timer().join(timeout=10)
    assert imported == list(warm_up._MODULES)
