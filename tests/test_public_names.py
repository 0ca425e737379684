"""The package's front door: what it exports, at no cost before it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

import fastrcnn_core
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny


def test_importing_the_package_imports_no_library() -> None:
    code = "import fastrcnn_core, sys; print(*{'torch', 'numpy', 'matplotlib', 'PIL'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", fastrcnn_core.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(fastrcnn_core, name) is not None
    assert name in dir(fastrcnn_core)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        fastrcnn_core.trian  # noqa: B018


def test_training_evaluating_and_drawing_need_nothing_but_the_public_names(tmp_path: Path) -> None:
    dataset = fastrcnn_core.open_dataset(write_tiny(tmp_path / "tiny"))
    config = tiny_config(epochs=1.0)
    run = fastrcnn_core.create_run("first", config=config, data=dataset.setting, preset="paper")
    fastrcnn_core.train(config, dataset, run)
    detector = fastrcnn_core.Detector.load(run.folder, device="cpu")
    evaluation = fastrcnn_core.evaluate(detector, dataset)
    assert evaluation.images == 2
    picture = tmp_path / "tiny" / "PNGImages" / "tiny00.png"
    figure = fastrcnn_core.drawing.draw(picture, detector(picture))
    assert fastrcnn_core.drawing.save(figure, tmp_path / "found.png").is_file()
