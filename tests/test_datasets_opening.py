"""From a setting to a data set."""

from pathlib import Path

import pytest

from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.errors import DataError
from tests.support.datasets import coco_image, write_coco, write_pennfudan, write_picture


def test_a_folder_is_opened_by_its_layout(tmp_path: Path) -> None:
    write_pennfudan(tmp_path / "street", {"p": [[1, 0]]})
    write_picture(tmp_path / "zoo" / "c.png", height=20, width=30)
    file = write_coco(tmp_path / "zoo" / "zoo.json", [coco_image(1, "c.png")])
    assert open_dataset(tmp_path / "street").names == ("p",)
    assert open_dataset(str(tmp_path / "zoo")).names == ("c",)
    assert open_dataset(file).names == ("c",)


def test_every_data_set_can_be_opened_again_by_its_setting(tmp_path: Path) -> None:
    write_pennfudan(tmp_path / "PennFudanPed", {"p": [[1, 0]]})
    for setting in (str(tmp_path), "synthetic:3:0"):
        dataset = open_dataset(setting)
        again = open_dataset(dataset.setting)
        assert (again.setting, again.names) == (dataset.setting, dataset.names)
        assert again.content_hash == dataset.content_hash


def test_nothing_there_is_said_so(tmp_path: Path) -> None:
    for absent in (tmp_path / "absent", tmp_path / "absent.json"):
        with pytest.raises(DataError, match="nothing is there"):
            open_dataset(absent)


@pytest.mark.parametrize(
    "setting", ["x" * 5000, "x" * 5000 + " + y", "~nobody-of-this-name/data", "a\0b"]
)
def test_what_is_no_path_is_an_error_in_words(setting: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read|nothing is there"):
        open_dataset(setting)


def test_an_unknown_layout_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for place in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(DataError, match=r"PNGImages.*PedMasks.*COCO"):
            open_dataset(place)


def test_a_data_set_that_the_environment_names_is_never_replaced_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_dataset_setting() == "synthetic"
    monkeypatch.setenv("FASTRCNN_DATA", str(tmp_path / "absent"))
    assert default_dataset_setting() == str(tmp_path / "absent")
    with pytest.raises(DataError, match="FASTRCNN_DATA"):
        open_dataset(default_dataset_setting())
