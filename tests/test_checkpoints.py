"""A checkpoint gives back the model that was saved, or says in words why not."""

import dataclasses
import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, safe_open, save_file  # type: ignore[attr-defined]

from fastrcnn_core.backbones import architectures
from fastrcnn_core.checkpoints import load_checkpoint, read_card, save_checkpoint
from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.model import FastRCNN, compress_head, ranks_of

CPU = torch.device("cpu")
CLASSES = ("person", "dog")


def network(hidden: int = 8, seed: int = 0, **knobs: Any) -> FastRCNN:
    return FastRCNN(
        ModelConfig(hidden=hidden, trainable_stages=1, **knobs),
        ImageConfig(shorter_side=320),
        CLASSES,
        generator=torch.Generator().manual_seed(seed),
        pretrained=False,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "detector.safetensors"
    save_checkpoint(path, network(), card={"data": "synthetic", "AP50": 0.75, "seeds": [0, 1]})
    return path


def rewrite(path: Path, **changes: str | None) -> None:
    """Store the same tensors under changed metadata; None removes an entry."""
    with safe_open(path, framework="pt") as contents:
        metadata = {**contents.metadata(), **changes}
    tensors = load_file(path)
    save_file(tensors, path, {key: value for key, value in metadata.items() if value is not None})


def test_the_model_comes_back_as_it_was(file: Path) -> None:
    model = load_checkpoint(file, device=CPU)
    assert model.weights_key == network().weights_key
    assert model.config == network().config
    assert model.image_config == ImageConfig(shorter_side=320)
    assert model.classes == CLASSES


def test_a_compressed_head_comes_back_compressed(tmp_path: Path) -> None:
    compressed = compress_head(network(), (4, 2))
    save_checkpoint(tmp_path / "small.safetensors", compressed, card={})
    back = load_checkpoint(tmp_path / "small.safetensors", device=CPU)
    assert ranks_of(back) == (4, 2)
    assert back.weights_key == compressed.weights_key


def test_a_checkpoint_from_before_heads_were_compressed_is_read(file: Path) -> None:
    rewrite(file, ranks=None)
    assert load_checkpoint(file, device=CPU).weights_key == network().weights_key


def test_a_checkpoint_from_before_a_knob_was_there_takes_its_default(file: Path) -> None:
    with safe_open(file, framework="pt") as contents:
        knobs = json.loads(contents.metadata()["model"])
    for name in ("roi_layer", "class_agnostic"):
        del knobs[name]
    rewrite(file, model=json.dumps(knobs))
    assert load_checkpoint(file, device=CPU).weights_key == network().weights_key


@pytest.mark.parametrize("ranks", ["[4]", '"four"', "[99, 4]", "[", "4"])
def test_ranks_that_make_no_sense_are_told_in_words(file: Path, ranks: str) -> None:
    rewrite(file, ranks=ranks)
    with pytest.raises(CheckpointError, match="does not fit this version"):
        load_checkpoint(file, device=CPU)


def test_it_lies_in_memory_as_a_fresh_one_so_that_a_resumed_run_adds_in_the_same_order(
    tmp_path: Path,
) -> None:
    fresh = FastRCNN(
        ModelConfig(hidden=8),
        ImageConfig(),
        CLASSES,
        generator=torch.Generator().manual_seed(0),
        pretrained=True,
    )
    save_checkpoint(tmp_path / "it.safetensors", fresh, card={})
    loaded = load_checkpoint(tmp_path / "it.safetensors", device=CPU)
    orders = [{n: weight.stride() for n, weight in m.named_parameters()} for m in (fresh, loaded)]
    assert orders[0] == orders[1]


def test_it_comes_back_ready_to_detect_and_to_train_on(file: Path) -> None:
    model = load_checkpoint(file, device=CPU)
    assert not model.training
    trains = [any(p.requires_grad for p in stage.parameters()) for stage in model.backbone.stages]
    assert trains == [False] * 5 + [True]


def test_in_16_bits_it_is_half_as_large_and_almost_the_same(file: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.safetensors"
    save_checkpoint(small, network(), card={}, dtype=torch.float16)
    assert small.stat().st_size < 0.6 * file.stat().st_size
    model, expected = load_checkpoint(small, device=CPU), network().state_dict()
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=1e-6)


def test_scales_and_shifts_are_stored_in_full_even_in_16_bits(tmp_path: Path) -> None:
    model = network()
    first = model.backbone.stages[0][0]  # type: ignore[index]
    first.scale.fill_(1e6)  # no 16-bit float is that large
    save_checkpoint(tmp_path / "small.safetensors", model, card={}, dtype=torch.float16)
    loaded = load_checkpoint(tmp_path / "small.safetensors", device=CPU)
    assert torch.equal(loaded.backbone.stages[0][0].scale, first.scale)  # type: ignore[index]


def test_the_default_detector_fits_into_20_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "bundled.safetensors"
    save_checkpoint(path, network(hidden=ModelConfig().hidden), card={}, dtype=torch.float16)
    assert path.stat().st_size <= 20_000_000


def test_loading_needs_no_imagenet_weights(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> dict[str, torch.Tensor]:
        raise AssertionError("the ImageNet weights were asked for")

    for name, architecture in architectures.ARCHITECTURES.items():
        without = dataclasses.replace(architecture, weights=forbidden)
        monkeypatch.setitem(architectures.ARCHITECTURES, name, without)
    assert load_checkpoint(file, device=CPU).weights_key == network().weights_key


def test_the_card_is_read_without_the_weights(file: Path) -> None:
    assert read_card(file) == {"data": "synthetic", "AP50": 0.75, "seeds": [0, 1]}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (lambda path: load_checkpoint(path, device=CPU), read_card):
        with pytest.raises(CheckpointError, match=r"no checkpoint .*nowhere\.safetensors"):
            read(tmp_path / "nowhere.safetensors")
        with pytest.raises(CheckpointError, match="no checkpoint"):
            read(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_damaged(file: Path, share: float) -> None:
    contents = file.read_bytes()
    file.write_bytes(contents[: int(share * len(contents))])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(file, device=CPU)


def test_one_wrong_bit_is_found(file: Path) -> None:
    contents = bytearray(file.read_bytes())
    contents[-1000] ^= 1
    file.write_bytes(contents)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(file, device=CPU)


@pytest.mark.parametrize("contents", [b"", b"hello", b"PK\x03\x04" + bytes(100), bytes(1000)])
def test_a_file_of_another_kind_is_no_checkpoint(file: Path, contents: bytes) -> None:
    file.write_bytes(contents)
    for read in (lambda path: load_checkpoint(path, device=CPU), read_card):
        with pytest.raises(CheckpointError, match="is no checkpoint"):
            read(file)


def test_another_programs_safetensors_file_is_no_checkpoint(file: Path) -> None:
    save_file({"weight": torch.zeros(3)}, file)
    with pytest.raises(CheckpointError, match="no checkpoint of this app"):
        load_checkpoint(file, device=CPU)


def test_another_format_version_asks_for_an_update(file: Path) -> None:
    rewrite(file, format_version="999")
    for read in (lambda path: load_checkpoint(path, device=CPU), read_card):
        with pytest.raises(CheckpointError, match=r"999.*Update the app"):
            read(file)


def test_other_classes_than_the_data_has_are_named(file: Path) -> None:
    assert load_checkpoint(file, device=CPU, classes=CLASSES).classes == CLASSES
    with pytest.raises(
        CheckpointError, match=r"has 2 classes \(person, dog\), but the data has 1 \(person\)"
    ):
        load_checkpoint(file, device=CPU, classes=("person",))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": json.dumps({"backbone": "resnet999"})},
        {"model": json.dumps({"no_such_knob": 1})},
        {"model": json.dumps([1])},
        {"model": "{"},
        {"model": None},
        {"image": json.dumps({"shorter_side": -1})},
        {"classes": "7"},
        {"classes": json.dumps(["person"])},
        {"model": json.dumps({"hidden": 9})},
    ],
    ids=lambda changes: str(changes),
)
def test_metadata_that_makes_no_sense_is_a_sentence(file: Path, changes: dict[str, Any]) -> None:
    rewrite(file, **changes)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_checkpoint(file, device=CPU)


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit files to 10 kB, as on a full disk.

    Only inside the block: the limit is the whole process's, and the tests' own report is a file where it is kept.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_on_a_full_disk_the_old_checkpoint_stays(file: Path) -> None:
    before = file.read_bytes()
    trained = network(seed=1)
    with (
        pytest.raises(CheckpointError, match=r"could not be written.*Free some space"),
        full_disk(),
    ):
        save_checkpoint(file, trained, card={})
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
