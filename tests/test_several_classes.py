"""Three classes from end to end: a COCO folder with flaws, `train`, `evaluate`, `detect`, and the pages."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from streamlit.testing.v1 import AppTest

from fastrcnn_core import palette
from fastrcnn_core.__main__ import main
from fastrcnn_core.checkpoints import load_checkpoint
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.datasets.coco_writing import to_coco
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs import find_run
from fastrcnn_core.training import setup
from tests.support.app import complaints, open_app, words
from tests.support.builders import tiny_config
from tests.support.datasets import coco_box, coco_image, write_coco

# Ids as a file of one's own may have them: in no order, and with gaps.
FIRST_IMAGE = 1000  # and downwards
CLASSES = {7: "ball", 3: "crate", 11: "bar"}
NAMES = ("crate", "ball", "bar")  # in the order of their ids
FLAWS = (  # those of a picture stand on one for testing
    coco_box(FIRST_IMAGE - 2, [5, 5, 0, 20], category=3, id=1),
    coco_box(FIRST_IMAGE - 2, [5, 5, 20, 20], category=99, id=2),
    coco_box(404, [5, 5, 20, 20], category=3, id=3),
)


def draw(path: Path, seed: int) -> list[dict[str, Any]]:
    """Draw a ball, a crate and an upright bar on grey noise; return their boxes."""
    generator = np.random.default_rng(seed)
    image = PIL.Image.fromarray(generator.integers(60, 90, (64, 96, 3)).astype(np.uint8))
    pen, boxes = PIL.ImageDraw.Draw(image), []
    for place, (category, size) in enumerate({7: (22, 22), 3: (20, 20), 11: (10, 44)}.items()):
        x, y = 4 + 31 * place + int(generator.integers(0, 6)), int(generator.integers(4, 16))
        corners = (x, y, x + size[0] - 1, y + size[1] - 1)
        if category == 7:
            pen.ellipse(corners, fill=(230, 40, 30))
        else:
            pen.rectangle(corners, fill=(40, 80, 230) if category == 3 else (240, 220, 60))
        boxes.append(
            coco_box(
                FIRST_IMAGE - seed,
                [x, y, *size],
                category=category,
                id=10 * seed + place,
                area=size[0] * size[1],
            )
        )
    image.save(path)
    return boxes


def write_shapes(folder: Path) -> Path:
    """Write ten images, an entry without a file, and three boxes that cannot be used; return the folder."""
    folder.mkdir(parents=True)
    entries = [row for seed in range(1, 11) for row in draw(folder / f"shapes{seed:02}.png", seed)]
    images = [
        coco_image(FIRST_IMAGE - seed, f"shapes{seed:02}.png", height=64, width=96)
        for seed in range(1, 12)
    ]
    write_coco(folder / "annotations.json", images, [*entries, *FLAWS], categories=CLASSES)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Train a run of a few steps by the command line; return the data's folder and the runs folder."""
    scratch = tmp_path_factory.mktemp("classes")
    data, runs = write_shapes(scratch / "shapes"), scratch / "runs"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FASTRCNN_CACHE", str(scratch / "cache"))
        environment.setenv("FASTRCNN_RUNS", str(runs))
        # Worker processes take longer to start than these pictures take.
        environment.setattr(setup, "worker_count", lambda tasks: 1)
        knobs = to_arguments(tiny_config(epochs=1.0))
        assert main(["train", "--data", str(data), "--run", "shapes", *knobs]) == 0
    return data, runs


@pytest.fixture
def shapes(trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    data, runs = trained
    monkeypatch.setenv("FASTRCNN_RUNS", str(runs))
    monkeypatch.setenv("FASTRCNN_DATA", str(data))
    return data


def test_the_run_knows_the_classes_of_its_data(shapes: Path) -> None:
    run = find_run("shapes")
    assert run.status().state == "finished"
    assert tuple(run.environment()["data"]["classes"]) == NAMES
    assert (
        load_checkpoint(run.checkpoints()[-1].model_file, device=torch.device("cpu")).classes
        == NAMES
    )


def test_evaluate_tells_the_figures_of_each_class(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    assert main(["evaluate", "--run", "shapes", "--data", str(shapes), "--json", str(figures)]) == 0
    rows = json.loads(figures.read_text())["classes"]
    assert [row["name"] for row in rows] == list(NAMES)
    assert [row["ground_truth"] for row in rows] == [2, 2, 2]
    output = capsys.readouterr().out
    for name in NAMES:
        assert any(line.startswith(name) and "AP50" in line for line in output.splitlines())


def test_pycocotools_judges_the_results_by_the_files_own_ids(shapes: Path, tmp_path: Path) -> None:
    figures, results = tmp_path / "figures.json", tmp_path / "results.json"
    words = ("--run", "shapes", "--data", str(shapes), "--split", "train")
    assert main(["evaluate", *words, "--json", str(figures), "--results", str(results)]) == 0
    rows = json.loads(results.read_text())
    assert {row["category_id"] for row in rows} == set(CLASSES)
    assert {f"shapes{FIRST_IMAGE - row['image_id']:02}" for row in rows} == {
        row["image"] for row in rows
    }
    truth = COCO(str(shapes / "annotations.json"))
    judge = COCOeval(truth, truth.loadRes(str(results)), "bbox")
    judge.params.imgIds = [FIRST_IMAGE - seed for seed in range(3, 11)]  # the training pictures
    judge.params.catIds = list(CLASSES)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    ap50 = json.loads(figures.read_text())["AP50"]
    assert ap50 > 0
    assert judge.stats[1] == pytest.approx(ap50, rel=0.02)


def test_the_annotations_that_are_saved_keep_the_files_own_ids(shapes: Path) -> None:
    data = open_dataset(shapes)
    content = to_coco(map(data.annotation, data.names), data.classes, data.coco_ids)
    listed = json.loads((shapes / "annotations.json").read_text())
    assert {row["id"]: row["name"] for row in content["categories"]} == CLASSES
    assert {row["id"]: row["file_name"] for row in content["images"]} == {
        row["id"]: row["file_name"] for row in listed["images"][:10]
    }
    boxes = [(row["image_id"], row["category_id"], row["bbox"]) for row in content["annotations"]]
    assert sorted(boxes) == sorted(
        (row["image_id"], row["category_id"], row["bbox"]) for row in listed["annotations"][:30]
    )


def test_detect_tells_each_class_by_its_number_and_name(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.json"
    knobs = ["--score-threshold", "0.01", "--detection-limit", "90"]
    picture = str(shapes / "shapes01.png")
    assert main(["detect", "--run", "shapes", *knobs, "--json", str(out), picture]) == 0
    assert {row["category_id"] for row in json.loads(out.read_text())} == {1, 2, 3}


def test_the_flaws_of_the_file_are_told_and_the_rest_is_used(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["data", "--data", str(shapes)])
    output = "".join(capsys.readouterr())
    app = open_app("dataset")
    assert not complaints(app)
    for text in (output, words(app)):
        assert "no width or no height" in text
        assert "its category is not listed" in text
        assert "its image is not listed" in text
        assert "1 of 11 listed pictures were left out" in text


def test_a_file_that_is_no_json_is_told_and_the_app_goes_on(
    shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "annotations.json").write_text('{"images": [')
    monkeypatch.setenv("FASTRCNN_DATA", str(tmp_path / "broken"))
    assert main(["data"]) == 1
    app = open_app("dataset")
    assert not app.exception
    assert "is no annotation file in COCO's format" in words(app)
    assert app.button(key="way-out-Show the synthetic street scenes")


def test_the_dataset_page_names_the_classes(shapes: Path) -> None:
    app = open_app("dataset")
    assert not complaints(app)
    assert "Annotated classes: crate, ball, bar" in words(app)
    assert sorted(app.dataframe[0].value["Class"]) == sorted(NAMES)
    assert "How many objects are on a picture? 30 in all" in words(app)
    expect_no_word_for_people(app)


def test_roi_sampling_names_the_classes(shapes: Path) -> None:
    app = open_app("roi_sampling", detector="run:shapes")
    assert not complaints(app)
    matches = {str(row).split()[0] for row in app.dataframe[0].value["Match"]}
    assert matches & set(NAMES)
    assert matches <= {*NAMES, "–"}
    assert "It should learn to say “" in words(app)
    expect_no_word_for_people(app)


def test_detection_names_the_classes(shapes: Path) -> None:
    app = open_app("detection", detector="run:shapes", **{"score-threshold": "0.05"})
    assert not complaints(app)
    assert app.selectbox(key="pick-detector").value == "run:shapes"
    assert set(app.dataframe[0].value["Class"]) <= set(NAMES)
    app.segmented_control(key="boxes-shown").set_value("people").run()
    first_words = {str(row).split()[0] for row in app.dataframe[0].value["Annotation"]}
    assert first_words == set(NAMES)
    app.button(key="judge-split").click().run()
    assert not app.exception
    expect_no_word_for_people(app)


def test_no_colour_stands_for_people_alone() -> None:
    labels = [row.label for row in vars(palette).values() if isinstance(row, palette.Role)]
    assert len(labels) > 5
    assert not [row for row in labels if "person" in row.lower() or "pedestrian" in row.lower()]


def expect_no_word_for_people(app: AppTest) -> None:
    """Check that the page's own part mentions no person, apart from the offer of Penn-Fudan."""
    sentences = [
        str(row.value) for row in [*app.main.markdown, *app.main.caption, *app.main.subheader]
    ]
    for sentence in sentences:
        if "Penn-Fudan" not in sentence:
            assert not {"person", "people", "pedestrian"} & set(
                sentence.lower().replace("?", "").replace(".", "").replace(",", "").split()
            ), sentence
