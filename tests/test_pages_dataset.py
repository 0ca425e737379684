"""The Dataset page: annotations, gallery, and statistics."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from fastrcnn_core.datasets import Split, open_dataset
from fastrcnn_core.datasets.coco_writing import to_coco
from fastrcnn_core.structures import AnnotatedImage, Image
from pages.ui.cache import datasets, renderings
from pages.ui.dataset import annotations
from tests.support.app import complaints, link, open_app, visit, words
from tests.support.datasets import write_coco_scenes, write_pennfudan, write_picture, write_tiny


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write fifteen pictures: fourteen with a person of 3 × 10 pixels and one without a person."""
    mask = np.zeros((20, 30))
    mask[5:15, 4:7] = 1
    masks = {f"street{number:02}": mask for number in range(14)} | {"void": np.zeros((20, 30))}
    folder = write_pennfudan(tmp_path / "PennFudanPed", masks, added=["street00.png 1"])
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


def thumbnails(app) -> list[str]:  # type: ignore[no-untyped-def]
    return [
        button.key.removeprefix("choose-")
        for button in app.button
        if str(button.key).startswith("choose-")
    ]


def test_the_page_says_what_the_data_is_and_how_it_is_split(street: Path) -> None:
    app = open_app("dataset")
    assert not complaints(app)
    assert "15 pictures, 12 for training and 3 for the test" in words(app)
    part = open_dataset(street).split.part_of("street00")
    assert f"{'training' if part == 'train' else 'test'} split" in words(app)


def test_the_table_has_everybodys_size_and_tag(street: Path) -> None:
    (row,) = open_app("dataset").dataframe[0].value.to_dict("records")
    assert row["Width"] == 3
    assert row["Height"] == 10
    assert row["Aspect"] == pytest.approx(10 / 3)
    assert row["Share"] == pytest.approx(100 * 30 / 600)
    assert row["Tag"] == "added"


def test_a_table_of_several_classes_names_them_and_an_empty_one_has_no_rows() -> None:
    image = Image(np.zeros((4, 4, 3), np.uint8))
    boxes = np.array([[0, 0, 2, 1]], np.float32)
    dog = AnnotatedImage(image, boxes, np.array([2]), ("cat", "dog"), ("",))
    assert annotations.table_of(dog)["Class"].tolist() == ["dog"]
    assert "Tag" not in annotations.table_of(dog)
    none = AnnotatedImage(image, boxes[:0], np.zeros(0, np.int64), ("cat",), ())
    assert len(annotations.table_of(none)) == 0


def test_twelve_pictures_a_wall_and_the_rest_on_the_next(street: Path) -> None:
    app = open_app("dataset")
    assert len(thumbnails(app)) == 12
    app.pagination[0].set_value(2).run()
    assert thumbnails(app) == ["street12", "street13", "void"]


def test_the_wall_opens_where_the_chosen_picture_is_and_marks_it(street: Path) -> None:
    app = open_app("dataset", picture="street13")
    assert thumbnails(app) == ["street12", "street13", "void"]
    assert app.button(key="choose-street13").label == "**street13**, chosen"
    assert app.button(key="choose-street12").label == "street12"


def test_the_wall_follows_another_picture_but_not_against_who_turns_its_pages(street: Path) -> None:
    app = open_app("dataset", picture="street13")
    app.pagination[0].set_value(1).run()
    assert thumbnails(app)[0] == "street00"
    app.toggle(key="masks").set_value(True).run()
    assert thumbnails(app)[0] == "street00"
    app.button(key="next-picture").click().run()
    assert link(app)["picture"] == "void"
    assert "void" in thumbnails(app)


def test_the_wall_is_back_at_the_chosen_picture_after_another_page(street: Path) -> None:
    app = open_app("dataset", picture="street13")
    app.switch_page("pages/overview.py").run()
    app.switch_page("pages/dataset.py").run()
    assert "street13" in thumbnails(app)


def test_a_click_on_a_thumbnail_shows_the_picture(street: Path) -> None:
    app = open_app("dataset")
    app.button(key="choose-street03").click().run()
    assert link(app)["picture"] == "street03"
    assert "marked on street03" in words(app)


@pytest.mark.parametrize("word", ["Without annotations", "Nobody there"])  # and of older links
def test_pictures_without_people_can_be_found(street: Path, word: str) -> None:
    app = open_app("dataset", show=word)
    assert thumbnails(app) == ["void"]
    app.button(key="choose-void").click().run()
    assert "has no annotations" in words(app)
    assert not app.exception


def test_the_filter_shows_the_split_and_nothing_else(street: Path) -> None:
    assert set(thumbnails(open_app("dataset", show="Test"))) == set(open_dataset(street).split.test)


def test_one_damaged_picture_spoils_its_thumbnail_and_nothing_else(street: Path) -> None:
    (street / "PNGImages" / "street02.png").write_bytes(b"not a picture")
    app = open_app("dataset")
    assert not app.exception
    assert len(thumbnails(app)) == 12
    assert any("street02" in caption.value for caption in app.caption)


def test_how_many_people_there_are_is_counted_over_all_pictures(street: Path) -> None:
    text = words(open_app("dataset"))
    assert "14 in all" in text
    assert "0 of 14 are beyond the line" in text


def test_the_annotations_as_coco_are_read_back_as_they_were(street: Path, tmp_path: Path) -> None:
    data = open_dataset(street)
    content = to_coco(datasets.all_annotations(data), data.classes, data.coco_ids)
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco" / "annotations.json").write_text(json.dumps(content))
    for picture in (street / "PNGImages").iterdir():
        picture.rename(tmp_path / "coco" / picture.name)
    again = open_dataset(tmp_path / "coco")
    assert again.names == data.names
    for name in again.names:
        assert again.annotation(name).boxes.tolist() == data.annotation(name).boxes.tolist()
    assert not again.notes


def test_annotations_are_read_once_and_again_when_the_folder_changes(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny", count=2)
    calls: list[tuple[int, int]] = []
    for _ in range(2):
        datasets.all_annotations(
            open_dataset(folder), progress=lambda done, total: calls.append((done, total))
        )
    assert calls == [(1, 2), (2, 2)]


def test_a_thumbnail_shows_the_whole_picture_with_green_boxes() -> None:
    image = Image(np.zeros((100, 200, 3), np.uint8))
    box = np.array([[50, 20, 150, 80]], np.float32)
    shown = np.asarray(
        PIL.Image.open(io.BytesIO(renderings.small_jpeg(image, box, colour="#009E73"))).convert(
            "RGB"
        )
    ).astype(int)
    assert shown.shape == (100, 200, 3)
    assert shown[20, 100, 1] > 100
    assert shown[50, 100].max() < 40


@pytest.mark.pennfudan
def test_penn_fudan_has_423_people_of_whom_12_are_thinner_than_the_notebook_allows(
    pennfudan_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(pennfudan_folder))
    text = words(open_app("dataset"))
    assert "170 pictures, 136 for training and 34 for the test" in text
    assert "423 in all" in text
    assert "12 of 423 are beyond the line" in text


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_coco_scenes(tmp_path / "scenes")
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


@pytest.mark.parametrize("named", ["folder", "file"])
@pytest.mark.parametrize("way", ["in place", "by renaming"])
def test_a_corrected_annotation_file_is_read_again(
    scenes: Path, monkeypatch: pytest.MonkeyPatch, named: str, way: str
) -> None:
    file = scenes / "annotations.json"
    monkeypatch.setenv("FASTRCNN_DATA", str(file if named == "file" else scenes))
    app = open_app("dataset")
    assert app.dataframe[0].value["Width"].tolist() == [24, 24]
    corrected = file.read_text().replace("24, 48]", "12, 48]")
    if way == "in place":
        file.write_text(corrected)
    else:
        (scenes / "fixed").write_text(corrected)
        (scenes / "fixed").replace(file)
    assert app.run().dataframe[0].value["Width"].tolist() == [12, 12]
    assert visit("dataset").dataframe[0].value["Width"].tolist() == [12, 12]


def test_an_overwritten_picture_is_shown_as_it_is_now(scenes: Path) -> None:
    app = open_app("dataset")
    before = datasets.annotated_image(datasets.opened(str(scenes)), "scene0").image.key
    write_picture(scenes / "images" / "scene0.png", height=64, width=96, seed=99)
    assert not complaints(app.run())
    assert datasets.annotated_image(datasets.opened(str(scenes)), "scene0").image.key != before
    data = datasets.opened(str(scenes))
    assert data is datasets.opened(str(scenes))  # nothing has changed since
    assert datasets.stamp_of(data) == datasets.stamp(str(scenes))


@pytest.mark.parametrize("page", ["dataset", "overview", "proposals", "detection", "roi_sampling"])
def test_a_picture_that_is_removed_while_one_looks_is_a_sentence(
    street: Path, bundle: Callable[..., Path], page: str
) -> None:
    bundle()
    app = open_app(page, picture="street03")
    for name in ("PNGImages/street03.png", "PedMasks/street03_mask.png"):
        (street / name).unlink()
    message = complaints(app.run())
    assert "no image 'street03'" in message.replace("\\", "")
    assert ":material/bug_report:" not in message


def test_what_cannot_be_looked_at_has_a_stamp(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for setting in (str(tmp_path), "x" * 5000, "\0", "synthetic:60", f"{tmp_path} + synthetic:60"):
        assert datasets.stamp(setting)


def test_the_part_of_a_picture_is_found_at_once_among_very_many() -> None:
    names = tuple(map(str, range(100_000)))
    split = Split(names, ())
    began = time.monotonic()
    assert {split.part_of(name) for name in names} == {"train"}
    assert time.monotonic() - began < 20  # a search along the names takes minutes
