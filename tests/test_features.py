"""Features of a frozen backbone: computed once, found by content, small, and the same as without the store."""

import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from fastrcnn_core import features
from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.features import FeatureStore, prune
from fastrcnn_core.model import FastRCNN, Features, image_tensor
from fastrcnn_core.structures import Image


class CountingModel(FastRCNN):
    """Counts how often the backbone looks at a picture."""

    looks = 0

    def frozen_features(self, pixels: Tensor, *, scale: float = 1.0) -> Features:
        self.looks += 1
        return super().frozen_features(pixels, scale=scale)


def new_model(shorter_side: int = 64, *, trainable_stages: int = 0) -> CountingModel:
    return CountingModel(
        ModelConfig(trainable_stages=trainable_stages, hidden=8),
        ImageConfig(shorter_side=shorter_side, longer_side=None),
        ("person",),
        generator=torch.Generator().manual_seed(0),
        pretrained=False,
    )


def image(seed: int = 0, name: str = "") -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    return Image(pixels, name)


def test_a_map_is_computed_once_for_an_image_and_once_for_its_flipped_copy() -> None:
    model = new_model()
    store = FeatureStore(model)
    for _ in range(3):
        store.get(image())
        store.get(image(), flipped=True)
    assert model.looks == 2


def test_the_same_content_under_another_name_is_the_same_picture() -> None:
    model = new_model()
    store = FeatureStore(model)
    store.get(image(name="a"))
    store.get(image(name="b"))
    assert model.looks == 1
    store.get(image(seed=1, name="a"))
    assert model.looks == 2


def test_a_stored_step_does_not_touch_the_pixels() -> None:
    store = FeatureStore(new_model())
    picture = image()
    expected = store.get(picture).map
    object.__setattr__(picture, "pixels", None)
    assert torch.equal(store.get(picture).map, expected)


def test_the_map_is_the_models_own_rounded_to_16_bits() -> None:
    model = new_model()
    stored = FeatureStore(model).get(image(), flipped=True)
    with torch.no_grad():
        own = model.features(image_tensor(image()).flip(2))
    assert torch.allclose(stored.map, own.map, rtol=1e-3, atol=1e-3)
    assert stored.map.dtype == torch.float32
    assert (stored.scale_x, stored.scale_y) == (own.scale_x, own.scale_y)


def test_the_map_of_a_flipped_image_is_not_the_flipped_map() -> None:
    """Compute it: the stride's grid does not map onto itself when it is flipped."""
    store = FeatureStore(new_model())
    assert not torch.allclose(store.get(image()).map.flip(2), store.get(image(), flipped=True).map)


def test_another_process_finds_the_maps_on_disk() -> None:
    FeatureStore(new_model()).get(image())
    later = new_model()
    FeatureStore(later).get(image())
    assert later.looks == 0


def test_other_weights_and_another_size_are_other_maps() -> None:
    FeatureStore(new_model()).get(image())
    other_size = new_model(shorter_side=80)
    FeatureStore(other_size).get(image())
    assert other_size.looks == 1
    other_weights = new_model()
    with torch.no_grad():
        next(other_weights.backbone.parameters()).mul_(1.01)
    FeatureStore(other_weights).get(image())
    assert other_weights.looks == 1


def test_the_head_may_learn_without_the_maps_being_lost() -> None:
    FeatureStore(new_model()).get(image())
    trained = new_model()
    with torch.no_grad():
        trained.head.layer1.weight.zero_()  # type: ignore[operator]
    FeatureStore(trained).get(image())
    assert trained.looks == 0


def size_of_a_map(folder: Path) -> int:
    """Measure the bytes of one map and its scales."""
    store = FeatureStore(new_model(), folder=folder)
    store.get(image())
    return store.bytes_in_memory()


def test_the_least_recently_used_map_is_evicted_from_memory_and_read_from_disk(
    tmp_path: Path,
) -> None:
    model = new_model()
    store = FeatureStore(model, memory_bytes=size_of_a_map(tmp_path))
    first = store.get(image(0)).map
    store.get(image(1))
    assert torch.equal(store.get(image(0)).map, first)
    assert model.looks == 2
    assert store.bytes_in_memory() == first.numel() * 2 + 16


def test_a_map_larger_than_the_memory_is_read_from_disk_each_time() -> None:
    model = new_model()
    store = FeatureStore(model, memory_bytes=1)
    assert torch.equal(store.get(image()).map, store.get(image()).map)
    assert (model.looks, store.bytes_in_memory()) == (1, 0)


def test_a_damaged_map_is_computed_again() -> None:
    store = FeatureStore(new_model())
    expected = store.get(image()).map
    (path,) = store.folder.iterdir()
    path.write_bytes(path.read_bytes()[:50])
    again = new_model()
    assert torch.equal(FeatureStore(again).get(image()).map, expected)
    assert again.looks == 1


def test_a_flipped_bit_or_a_missing_tensor_is_computed_again() -> None:
    expected = FeatureStore(new_model()).get(image()).map
    (path,) = FeatureStore(new_model()).folder.iterdir()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    for _ in range(2):
        again = new_model()
        assert torch.equal(FeatureStore(again).get(image()).map, expected)
        assert again.looks == 1
        safetensors.torch.save_file({"another": torch.zeros(1)}, path)


def test_a_map_that_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    half, young = (tmp_path / f".{name}.0.partial.safetensors" for name in ("half", "young"))
    half.write_bytes(b"half")
    young.write_bytes(b"being written")
    os.utime(half, (1e9, 1e9))
    FeatureStore(new_model(), folder=tmp_path)
    assert list(tmp_path.iterdir()) == [young]


def test_what_finds_no_room_on_disk_is_computed_again_and_others_make_room(tmp_path: Path) -> None:
    size = size_of_a_map(tmp_path / "one")
    old = tmp_path / "maps" / "old.safetensors"
    old.parent.mkdir()
    old.write_bytes(bytes(size))
    os.utime(old, (1e9, 1e9))
    model = new_model()
    store = FeatureStore(
        model, folder=old.parent, memory_bytes=size, disk_bytes=2 * size + size // 2
    )
    for number in (0, 1, 2, 2, 0, 1):
        store.get(image(number))
    assert not old.exists()
    assert len(list(old.parent.iterdir())) == 2
    assert model.looks == 3  # the third stays in memory for its second look; the first two are read
    store.get(image(2))
    assert model.looks == 4


def test_maps_have_the_folders_usual_permissions() -> None:
    store = FeatureStore(new_model())
    store.get(image())
    beside = store.folder / "beside"
    beside.touch()
    (path,) = store.folder.glob("*.safetensors")
    assert path.stat().st_mode == beside.stat().st_mode


def test_maps_of_another_user_are_read_and_not_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FeatureStore(new_model())
    expected = store.get(image()).map

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    again = new_model()
    assert torch.equal(FeatureStore(again).get(image()).map, expected)
    assert again.looks == 0
    prune(store.folder, max_bytes=0)
    assert len(list(store.folder.iterdir())) == 1


def test_a_store_never_evicts_its_own_maps_from_disk() -> None:
    first = FeatureStore(new_model(), memory_bytes=1)
    size = first.get(image(0)).map.numel() * 2 + 16
    first.get(image(1))
    model = new_model()
    later = FeatureStore(model, memory_bytes=1, disk_bytes=2 * size + size // 2)
    for number in (0, 1, 2):
        later.get(image(number))
    assert model.looks == 1
    assert later.contains(image(0))
    assert later.contains(image(1))


def test_a_map_that_was_computed_in_another_precision_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a card's bfloat16 map and a processor's float32 one."""
    FeatureStore(new_model()).get(image())
    monkeypatch.setattr(features, "autocast_type", lambda *_, **__: torch.bfloat16)
    narrow = new_model()
    FeatureStore(narrow).get(image())
    assert narrow.looks == 1
    in_float32 = new_model()
    FeatureStore(in_float32, mixed=False).get(image())
    assert in_float32.looks == 0


def test_the_folder_is_kept_small_and_what_was_used_last_stays(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    prune(tmp_path, max_bytes=250)
    assert {path.stem for path in tmp_path.iterdir()} == {"new", "middle"}
    prune(tmp_path / "nowhere", max_bytes=0)


@pytest.mark.parametrize("trainable_stages", [0, 2, 6])
def test_frozen_and_trained_part_together_are_the_features(trainable_stages: int) -> None:
    model = new_model(trainable_stages=trainable_stages)
    pixels = image_tensor(image())
    complete, frozen = model.features(pixels), model.frozen_features(pixels)
    assert torch.equal(model.trained_features(frozen).map, complete.map)
    assert frozen.map.requires_grad is False
    assert complete.map.requires_grad is (trainable_stages > 0)
