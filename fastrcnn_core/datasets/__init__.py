"""Data sets: annotated images in the layouts of Penn-Fudan, COCO, Pascal VOC or YOLO, and the shipped street scenes."""

from __future__ import annotations

from pathlib import Path

from fastrcnn_core.datasets.coco import CocoDataset, find_coco
from fastrcnn_core.datasets.dataset import (
    Annotation,
    CocoIds,
    Dataset,
    Split,
    split_by_name,
    validation_split,
)
from fastrcnn_core.datasets.pennfudan import PennFudanDataset, find_pennfudan
from fastrcnn_core.datasets.pennfudan_download import downloaded_folder, is_downloaded
from fastrcnn_core.datasets.street_scenes import SYNTHETIC, is_synthetic, open_street_scenes
from fastrcnn_core.datasets.union import SEPARATOR, SplitExport, UnionDataset, find_split_export
from fastrcnn_core.datasets.voc import find_voc, open_voc
from fastrcnn_core.datasets.yolo import find_yolo, open_yolo
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import data_setting

__all__ = [
    "SEPARATOR",
    "Annotation",
    "CocoDataset",
    "CocoIds",
    "Dataset",
    "PennFudanDataset",
    "Split",
    "SplitExport",
    "UnionDataset",
    "default_dataset_setting",
    "downloaded_folder",
    "is_downloaded",
    "is_synthetic",
    "open_dataset",
    "split_by_name",
    "validation_split",
]


def default_dataset_setting() -> str:
    """Return the setting to open if none is given: `FASTRCNN_DATA`, else the downloaded Penn-Fudan, else the scenes.

    The path in `FASTRCNN_DATA` need not exist: then `open_dataset` says so, rather than another data set being shown.
    """
    return data_setting() or (str(downloaded_folder()) if is_downloaded() else SYNTHETIC)


def open_dataset(setting: str | Path) -> Dataset:
    """Open the data set that a setting names.

    Args:
        setting: "synthetic" or "synthetic:COUNT"; a folder in Penn-Fudan's layout, or one that contains it; a folder
            in COCO's format, or in Pascal VOC's or YOLO's layout, whose own split into train and valid, val or test
            is kept; or a COCO annotation file. Several of these with " + " between them are one data set.

    Raises:
        DataError: the path does not exist, its layout is unknown, or its files contradict each other.
    """
    try:
        return _open(str(setting))
    except (OSError, RuntimeError, ValueError) as error:  # no permission; unknown ~user; no path
        raise DataError(
            f"{setting} cannot be read ({error}).",
            hint="Check the path and who may read it, or choose another data set.",
        ) from error


def _open(setting: str) -> Dataset:
    parts = setting.split(SEPARATOR)
    if len(parts) > 1 and not Path(setting).exists():
        return UnionDataset([open_dataset(part) for part in parts])
    if setting.split(":")[0] == SYNTHETIC:
        return open_street_scenes(setting)
    return _open_path(Path(setting).expanduser().absolute())


def _open_path(path: Path) -> Dataset:
    if not path.exists():
        raise DataError(
            f"There is no data set at {path}: nothing is there.",
            hint="Check the path (and FASTRCNN_DATA, if it names it), or choose another data set.",
        )
    if find_pennfudan(path) is not None:
        return PennFudanDataset(path)
    if path.is_dir() and (parts := find_split_export(path)) is not None:
        train, test = ([CocoDataset(file) for file in files] for files in parts)
        return SplitExport(path, train, test)
    # Label Studio's export for YOLO has a file notes.json beside its classes.
    if path.suffix == ".json" or any(file.name != "notes.json" for file in find_coco(path)):
        return CocoDataset(path)
    if find_voc(path):
        return open_voc(path)
    if find_yolo(path) is not None:
        return open_yolo(path)
    raise DataError(
        f"{path} is in no known layout. Looked for Penn-Fudan's (a folder PNGImages with a folder PedMasks beside it, "
        "here or in PennFudanPed), COCO's (one JSON file, here or in a folder annotations), YOLO's (data.yaml or "
        "classes.txt) and Pascal VOC's (XML files beside the pictures, or in Annotations).",
        hint="Name the folder that contains one of these, or the COCO file itself.",
    )
