"""The shipped street scenes: complete, annotated to the pixel, found by their setting, and copied."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.datasets import PennFudanDataset, UnionDataset, open_dataset
from fastrcnn_core.datasets.checking import check
from fastrcnn_core.datasets.street_scenes import StreetScenes, copy_street_scenes
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import asset_folder
from tests.support.datasets import write_pennfudan

MEGABYTE = 1_000_000


def test_sixty_scenes_are_shipped_whole_in_at_most_six_megabytes() -> None:
    report = check(StreetScenes())
    assert report.problems == ()
    assert (report.images, len(report.boxes), report.images_without_boxes) == (60, 150, 0)
    folders = [asset_folder() / "street_scenes" / kind for kind in ("PNGImages", "PedMasks")]
    files = [path for folder in folders for path in folder.iterdir()]
    assert len(files) == 120
    assert sum(path.stat().st_size for path in files) < 6 * MEGABYTE


def test_the_pixels_are_the_same_on_every_machine() -> None:
    assert StreetScenes().load("scene-0001").image.key == "a5ca1c45279a8d2193d154a15db121fa"


def test_boxes_are_tight_around_the_visible_pixels_of_each_person() -> None:
    scenes = StreetScenes(8)
    for name in scenes.names:
        annotated = scenes.load(name)
        assert annotated.instances is not None
        assert set(np.unique(annotated.instances)) == set(range(len(annotated.boxes) + 1))
        for number, box in enumerate(annotated.boxes, start=1):
            rows, columns = np.nonzero(annotated.instances == number)
            bounds = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert box.tolist() == bounds


def test_people_are_large_enough_to_be_seen() -> None:
    boxes = check(StreetScenes(20)).boxes
    assert (boxes[:, 3] - boxes[:, 1]).min() >= 60
    assert (boxes[:, 2] - boxes[:, 0]).min() >= 14


def test_an_annotation_without_its_picture_says_the_same_as_the_picture() -> None:
    dataset = StreetScenes(4)
    for name in dataset.names:
        annotated, annotation = dataset.load(name), dataset.annotation(name)
        np.testing.assert_array_equal(annotation.boxes, annotated.boxes)
        np.testing.assert_array_equal(annotation.labels, annotated.labels)
        size = annotated.image.height, annotated.image.width
        assert (annotation.height, annotation.width) == size
        assert (annotation.name, annotation.tags) == (annotated.name, annotated.tags)


def test_the_data_set_names_its_scenes_and_opens_again_by_its_setting() -> None:
    dataset = StreetScenes(3)
    assert dataset.title == "Synthetic street scenes"
    assert dataset.names == ("scene-0001", "scene-0002", "scene-0003")
    assert dataset.classes == ("person",)
    again = open_dataset(dataset.setting)
    assert (again.names, again.setting) == (dataset.names, "synthetic:3")
    assert again.content_hash == dataset.content_hash
    assert again.load("scene-0002").name == "scene-0002"


@pytest.mark.parametrize(
    ("setting", "count"),
    [("synthetic", 60), ("synthetic:5", 5), ("synthetic:5:0", 5), ("synthetic:60:0", 60)],
)
def test_a_setting_counts_scenes_and_the_form_with_seed_0_is_still_read(
    setting: str, count: int
) -> None:
    dataset = open_dataset(setting)
    assert dataset.setting == f"synthetic:{count}"
    assert len(dataset) == count


@pytest.mark.parametrize(
    "setting",
    [f"synthetic:{rest}" for rest in ("", "0", "many", "1:2:3", "-1", "1:x", "٣", "9" * 5000)],
)
def test_a_count_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(DataError, match="how many scenes"):
        open_dataset(setting)


@pytest.mark.parametrize(("setting", "count", "seed"), [("61", 61, 0), ("5:7", 5, 7)])
def test_scenes_that_are_not_shipped_are_refused_with_the_command_that_renders_them(
    setting: str, count: int, seed: int
) -> None:
    command = rf"render\.py --count {count} --seed {seed} --out FOLDER"
    with pytest.raises(DataError, match=rf"60 synthetic scenes, all of seed 0.*{command}"):
        open_dataset(f"synthetic:{setting}")


def test_other_scenes_have_another_content_hash() -> None:
    assert StreetScenes(3).content_hash != StreetScenes(4).content_hash


def test_the_hash_of_version_0_1_is_still_recognised(tmp_path: Path) -> None:
    """Compare with the hash of the renderer's libraries, which that version stored in place of one of the pixels."""
    scenes = StreetScenes(3)
    (former,) = scenes.former_hashes
    assert scenes.has_hash(former)
    assert scenes.has_hash(scenes.content_hash)
    assert not StreetScenes(4).has_hash(former)
    assert not scenes.has_hash(None)
    photographs = PennFudanDataset(write_pennfudan(tmp_path, {"a": [[1, 0]]}))
    union = UnionDataset([photographs, scenes])
    assert union.has_hash(union.content_hash)
    assert UnionDataset([scenes, photographs]).former_hashes
    assert any(
        union.has_hash(hash_) for hash_ in union.former_hashes if hash_ != union.content_hash
    )


def test_a_scene_that_is_not_in_the_data_set_is_refused() -> None:
    with pytest.raises(DataError, match="scene-0004"):
        StreetScenes(3).load("scene-0004")


def test_a_worker_process_can_be_handed_the_data_set() -> None:
    dataset = StreetScenes(2)
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.load("scene-0001").image.key == dataset.load("scene-0001").image.key


def test_opening_the_scenes_needs_no_renderer() -> None:
    code = (
        "from fastrcnn_core.datasets import open_dataset; open_dataset('synthetic').load('scene-0060');"
        "import sys; raise SystemExit(any(name.split('.')[0] == 'renderer' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_copied_folder_opens_with_the_same_boxes_and_pixels(tmp_path: Path) -> None:
    folder = copy_street_scenes(tmp_path / "scenes", count=3)
    copied, shipped = open_dataset(folder), StreetScenes(3)
    assert copied.names == shipped.names
    assert copied.content_hash == shipped.content_hash
    for name in shipped.names:
        assert copied.load(name).image.key == shipped.load(name).image.key
        np.testing.assert_array_equal(copied.load(name).instances, shipped.load(name).instances)
    assert len(list((folder / "Annotation").glob("*.txt"))) == 3


def test_nothing_is_copied_into_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match="not empty"):
        copy_street_scenes(tmp_path, count=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written to"):
        copy_street_scenes(tmp_path / "file" / "scenes", count=1)


@pytest.mark.slow
def test_selective_search_finds_most_people_but_not_all() -> None:
    segmentation = pytest.importorskip("cv2").ximgproc.segmentation
    best: list[float] = []
    scenes = StreetScenes(16)
    for annotated in map(scenes.load, scenes.names):
        search = segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(np.ascontiguousarray(annotated.image.pixels[..., ::-1]))
        search.switchToSelectiveSearchFast()
        corners = search.process()[:2000].astype(np.float32)
        corners[:, 2:] += corners[:, :2]
        best += pairwise_iou(annotated.boxes, corners).max(1).tolist()
    found = np.mean(np.array(best) >= 0.5)
    assert found >= 0.75
    assert np.mean(np.array(best) >= 0.7) < 0.95
