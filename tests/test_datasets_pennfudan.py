"""Folders in Penn-Fudan's layout, and the real one."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from fastrcnn_core.datasets.checking import check
from fastrcnn_core.datasets.pennfudan import PennFudanDataset, find_pennfudan
from fastrcnn_core.errors import DataError, ImageError
from tests.support.datasets import write_pennfudan, write_picture

TWO = [[1, 0, 2], [1, 0, 2]]
EMPTY = [[0, 0, 0], [0, 0, 0]]


def test_the_folder_or_the_one_that_contains_it_can_be_named(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path / "PennFudanPed", {"a": TWO})
    assert find_pennfudan(folder) == find_pennfudan(tmp_path) == folder
    assert PennFudanDataset(tmp_path).setting == str(folder)
    assert PennFudanDataset(Path(PennFudanDataset(tmp_path).setting)).names == ("a",)


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    assert find_pennfudan(tmp_path) is None
    with pytest.raises(DataError, match="no folder PNGImages"):
        PennFudanDataset(tmp_path)


def test_a_relative_folder_can_be_opened_again_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pennfudan(tmp_path / "mine", {"a": TWO})
    monkeypatch.chdir(tmp_path)
    setting = PennFudanDataset(Path("mine")).setting
    monkeypatch.chdir("/")
    assert PennFudanDataset(Path(setting)).names == ("a",)


def test_an_image_has_its_boxes_labels_tags_and_instances(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"b": EMPTY, "a": TWO}, added=["a.png\t2", "", "z.png\t1"])
    dataset = PennFudanDataset(folder)
    assert dataset.names == ("a", "b")
    annotated = dataset.load("a")
    assert annotated.name == "a"
    assert annotated.boxes.tolist() == [[0, 0, 1, 2], [2, 0, 3, 2]]
    assert (annotated.labels.tolist(), annotated.tags, annotated.classes) == (
        [1, 1],
        ("", "added"),
        ("person",),
    )
    assert annotated.instances is not None
    assert annotated.instances.tolist() == TWO


def test_the_added_list_names_people_by_their_number_in_the_mask(tmp_path: Path) -> None:
    dataset = PennFudanDataset(write_pennfudan(tmp_path, {"a": [[4, 0, 9]]}, added=["a.png 9"]))
    assert dataset.load("a").tags == dataset.annotation("a").tags == ("", "added")


def test_an_image_without_people_is_an_image(tmp_path: Path) -> None:
    annotated = PennFudanDataset(write_pennfudan(tmp_path, {"a": EMPTY})).load("a")
    assert annotated.boxes.shape == (0, 4)
    assert annotated.tags == ()


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO, "b": TWO})
    (folder / "PedMasks" / "b_mask.png").unlink()
    with pytest.raises(DataError, match=r"1 × an image without its mask.*\(b\)"):
        PennFudanDataset(folder)


def test_a_folder_that_was_unpacked_by_half_is_refused(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {name: TWO for name in "abcdefgh"})
    for name in "bcdefgh":
        (folder / "PNGImages" / f"{name}.png").unlink()
    with pytest.raises(DataError, match=r"7 × a mask without its image.*\(b, c, d, e, f, …\)"):
        PennFudanDataset(folder)


def test_a_folder_without_any_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PNGImages").mkdir()
    with pytest.raises(DataError, match="no PNG image"):
        PennFudanDataset(tmp_path)


def test_hidden_files_of_other_systems_do_not_count(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO})
    (folder / "PNGImages" / "._a.png").write_bytes(b"")
    (folder / "PNGImages" / "Thumbs.db").write_bytes(b"")
    assert PennFudanDataset(folder).names == ("a",)


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO})
    write_picture(folder / "PNGImages" / "a.png", height=5, width=4)
    with pytest.raises(DataError, match="image a is 4×5, but its mask is 3×2"):
        PennFudanDataset(folder).load("a")


def test_a_damaged_image_or_mask_is_an_error_in_words(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO, "b": TWO})
    (folder / "PNGImages" / "a.png").write_bytes(b"nonsense")
    (folder / "PedMasks" / "b_mask.png").write_bytes(b"nonsense")
    for name in ("a", "b"):
        with pytest.raises(ImageError, match="no picture"):
            PennFudanDataset(folder).load(name)


def test_a_mask_in_colours_is_refused(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO})
    write_picture(folder / "PedMasks" / "a_mask.png", height=2, width=3)
    with pytest.raises(ImageError, match="not a mask"):
        PennFudanDataset(folder).load("a")


def test_a_palette_mask_counts_by_its_numbers(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO})
    mask = PIL.Image.fromarray(np.array(TWO, dtype=np.uint8))
    mask.putpalette([255, 255, 255, 0, 0, 255, 255, 0, 0])
    mask.save(folder / "PedMasks" / "a_mask.png")
    assert len(PennFudanDataset(folder).load("a").boxes) == 2


def test_a_damaged_added_list_is_refused(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {"a": TWO}, added=["a.png second"])
    with pytest.raises(DataError, match="not an image's name and a number"):
        PennFudanDataset(folder)


@pytest.mark.pennfudan
def test_the_real_data_set_has_170_images_and_423_people(pennfudan_folder: Path) -> None:
    dataset = PennFudanDataset(pennfudan_folder)
    report = check(dataset)
    assert report.problems == ()
    assert (report.images, len(report.boxes)) == (170, 423)
    assert report.boxes_per_tag == {"added": 78}
    assert (len(dataset.split.train), len(dataset.split.test)) == (136, 34)


@pytest.mark.pennfudan
def test_real_boxes_are_the_annotation_files_but_for_their_conventions(
    pennfudan_folder: Path,
) -> None:
    """Annotation/*.txt counts from 1 and includes the last pixel: x2 and y2 are the same number as ours."""
    dataset = PennFudanDataset(pennfudan_folder)
    for name in dataset.names[::17]:
        text = (pennfudan_folder / "Annotation" / f"{name}.txt").read_text()
        lines = [line.split(" : ")[-1] for line in text.splitlines() if "Bounding box" in line]
        numbers = [[int(word) for word in _words(line)] for line in lines]
        expected = [[x1 - 1, y1 - 1, x2, y2] for x1, y1, x2, y2 in numbers]
        assert dataset.annotation(name).boxes.tolist() == expected


def _words(line: str) -> list[str]:
    return line.translate(str.maketrans("(),-", "    ")).split()


@pytest.mark.parametrize("ending", [".PNG", ".jpg", ".JPG", ".jpeg"])
def test_images_may_have_another_ending(ending: str, tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {name: TWO for name in "abc"})
    for name in "ab":
        path = folder / "PNGImages" / f"{name}.png"
        PIL.Image.open(path).save(path.with_suffix(".tmp"), "png")
        path.unlink()
        path.with_suffix(".tmp").rename(path.with_suffix(ending))
    dataset = PennFudanDataset(folder)
    assert dataset.names == ("a", "b", "c")
    assert len(dataset.load("a").boxes) == 2
    assert dataset.notes == ()
    assert dataset.file_name("a") == f"a{ending}"


@pytest.mark.parametrize(
    "file", ["PNGImages/a copy.png", "PNGImages/note.png", "PedMasks/a_mask copy.png"]
)
def test_a_file_too_many_is_left_out_with_a_note(file: str, tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, {name: TWO for name in "abcd"})
    (folder / file).write_bytes(b"")
    dataset = PennFudanDataset(folder)
    assert dataset.names == ("a", "b", "c", "d")
    (note,) = dataset.notes
    assert note.startswith("1 × ")
    assert Path(file).stem.replace("_mask", "") in note.replace("_mask", "")


def bars(*numbers: int) -> np.ndarray:
    """Draw an upright bar for each number, side by side."""
    mask = np.zeros((24, 64), np.uint8)
    for place, number in enumerate(numbers):
        mask[4:20, 2 + 12 * place : 10 + 12 * place] = number
    return mask


def test_masks_with_one_number_for_everybody_are_separated(tmp_path: Path) -> None:
    masks = {name: bars(255, 255, 255) for name in "abcde"} | {"f": bars(255)}
    dataset = PennFudanDataset(write_pennfudan(tmp_path, masks))
    assert dataset.load("a").boxes.tolist() == [[2, 4, 10, 20], [14, 4, 22, 20], [26, 4, 34, 20]]
    assert len(dataset.annotation("f").boxes) == 1
    assert "one number for everybody" in dataset.notes[0]


@pytest.mark.parametrize(
    "masks",
    [
        {name: bars(255) for name in "abcde"},  # one person each
        {name: bars(1) for name in "abcd"} | {"e": bars(1, 1)},  # once behind a pole
        {name: bars(1, 2) for name in "abcde"},
        {name: bars(1, 1) for name in "ab"},  # too few to tell
        {name: bars(0) for name in "abcde"},
    ],
)
def test_a_healthy_set_of_masks_is_not_separated(
    masks: dict[str, np.ndarray], tmp_path: Path
) -> None:
    dataset = PennFudanDataset(write_pennfudan(tmp_path, masks))
    assert dataset.notes == ()
    for name, mask in masks.items():
        assert len(dataset.annotation(name).boxes) == len(set(mask.ravel().tolist()) - {0})


@pytest.mark.parametrize("numbers", [(255, 255), (1, 2, 3), (120,)])
def test_smoothly_resized_masks_are_sharpened(numbers: tuple[int, ...], tmp_path: Path) -> None:
    size = (96, 36)
    smooth = PIL.Image.fromarray(bars(*numbers)).resize(size, PIL.Image.Resampling.BILINEAR)
    dataset = PennFudanDataset(
        write_pennfudan(tmp_path, dict.fromkeys("abcde", np.asarray(smooth)))
    )
    assert "resized smoothly" in dataset.notes[0]
    boxes = dataset.load("a").boxes
    expected = [[3 + 18 * place, 6, 15 + 18 * place, 30] for place in range(len(numbers))]
    assert boxes.shape == (len(numbers), 4)
    assert np.abs(boxes - expected).max() <= 1


def test_a_damaged_mask_of_many_does_not_refuse_the_data_set(tmp_path: Path) -> None:
    folder = write_pennfudan(tmp_path, dict.fromkeys("abcde", bars(1, 2)))
    (folder / "PedMasks" / "a_mask.png").write_bytes(b"nonsense")
    dataset = PennFudanDataset(folder)
    assert len(dataset.load("b").boxes) == 2
    with pytest.raises(ImageError, match="no picture"):
        dataset.load("a")


@pytest.mark.pennfudan
def test_the_real_masks_are_taken_as_they_are(pennfudan_folder: Path) -> None:
    assert PennFudanDataset(pennfudan_folder).notes == ()
