"""The proposal store: one picture's proposals are never another's, and a file is whole or is not there."""

import io
import logging
import multiprocessing
import os
import signal
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.errors import StorageError
from fastrcnn_core.knobs import knobs
from fastrcnn_core.proposals import ProposalStore, propose, store
from fastrcnn_core.structures import FloatArray, Image
from tests.support.builders import block_image

SINGLE = ProposalConfig(method="single", min_side=8)


picture = partial(block_image, height=48, width=64)


class CountedSearch:
    """In place of the search: a box that tells which picture it was, and how often it was asked for."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, image: Image, config: ProposalConfig) -> FloatArray:
        self.calls += 1
        return np.array([[0, 0, image.width, image.height]], np.float32)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> CountedSearch:
    search = CountedSearch()
    monkeypatch.setattr(store, "propose", search)
    return search


# Identity


def test_notebook_fault_pictures_keep_their_own_proposals_in_whatever_order_they_come(
    tmp_path: Path, searched: CountedSearch
) -> None:
    """Guard against a cache keyed by the position in a shuffled loader: another epoch, another picture's boxes."""
    proposal_store = ProposalStore(tmp_path)
    for height in [48, 64, 80, 80, 48, 64]:
        assert proposal_store.get(picture(height=height), SINGLE)[0].tolist() == [0, 0, 64, height]
    assert searched.calls == 3


def test_notebook_fault_two_test_pictures_of_one_size_and_name_do_not_share_proposals(
    tmp_path: Path,
) -> None:
    """Guard against a constant cache key, which gave all test pictures the proposals of the first."""
    proposal_store = ProposalStore(tmp_path)
    first, second = picture(1, name="test"), picture(2, name="test")
    for _ in range(2):
        for image in (first, second):
            np.testing.assert_array_equal(proposal_store.get(image, SINGLE), propose(image, SINGLE))
    assert proposal_store.get(first, SINGLE).tolist() != proposal_store.get(second, SINGLE).tolist()


def test_one_picture_under_two_names_is_searched_once(
    tmp_path: Path, searched: CountedSearch
) -> None:
    for name in ("street", "a copy of it"):
        ProposalStore(tmp_path).get(picture(name=name), SINGLE)
    assert searched.calls == 1


# Another value of each knob, and the methods to which the knob means nothing.
OTHERS: dict[str, tuple[object, tuple[str, ...]]] = {
    "method": ("quality", ()),
    "scale": (80.0, ("single",)),
    "search_side": (64, ("package",)),
    "sigma": (0.4, ()),
    "min_size": (90, ("single",)),
    "min_side": (12, ()),
    "max_aspect": (1.5, ()),
    "distinct_iou": (0.6, ()),
    "order": ("area", ()),
    "limit": (3, ()),
    "seed": (1, ()),
}


@pytest.mark.parametrize("method", ["single", "package"])
@pytest.mark.parametrize("knob", list(knobs(ProposalConfig)))
def test_a_knob_is_part_of_the_identity_of_proposals_unless_it_means_nothing_to_the_method(
    knob: str, method: str, tmp_path: Path, searched: CountedSearch
) -> None:
    value, idle_for = OTHERS[knob]
    config = replace(SINGLE, method=method)  # type: ignore[arg-type]
    changed = replace(config, **{knob: value})  # type: ignore[arg-type]
    for name in (config, changed, config, changed):
        ProposalStore(tmp_path).get(picture(), name)
    assert searched.calls == (1 if method in idle_for else 2)


@pytest.mark.filterwarnings("ignore:Applying `local_binary_pattern`")  # the package's
@pytest.mark.parametrize("order", ["rank", "pseudo_random", "area"])
@pytest.mark.parametrize("method", ["single", "package"])
def test_configs_that_share_a_file_give_the_same_proposals(
    method: str, order: str, tmp_path: Path
) -> None:
    image = picture(height=96, width=96)
    config = replace(SINGLE, method=method, order=order, scale=40.0)  # type: ignore[arg-type]
    proposal_store = ProposalStore(tmp_path)
    proposal_store.get(image, config)
    for knob in set(OTHERS) - {"method", "order"}:
        changed = replace(config, **{knob: OTHERS[knob][0]})  # type: ignore[arg-type]
        shared = proposal_store.look_up(image, changed)
        if shared is not None:
            np.testing.assert_array_equal(shared, propose(image, changed), err_msg=knob)


def test_another_version_of_the_method_does_not_see_the_old_ones_proposals(
    tmp_path: Path, searched: CountedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    ProposalStore(tmp_path).get(picture(), SINGLE)
    monkeypatch.setattr(store, "METHOD_VERSION", store.METHOD_VERSION + "b")
    assert ProposalStore(tmp_path).look_up(picture(), SINGLE) is None


# What is on disk


def test_what_is_read_is_what_was_computed(tmp_path: Path) -> None:
    computed = ProposalStore(tmp_path).get(picture(), SINGLE)
    read = ProposalStore(tmp_path).look_up(picture(), SINGLE)
    assert read is not None
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, computed)
    np.testing.assert_array_equal(read, propose(picture(), SINGLE))


def test_a_picture_without_proposals_is_remembered_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal_store = ProposalStore(tmp_path)
    assert proposal_store.get(picture(), replace(SINGLE, min_side=200)).shape == (0, 4)
    monkeypatch.setattr(store, "propose", None)
    assert proposal_store.get(picture(), replace(SINGLE, min_side=200)).shape == (0, 4)


def damages() -> dict[str, bytes]:
    """Return contents that no file of proposals has."""
    intact = _npy(np.zeros((5, 4), np.float32))
    brackets = intact.index(b"(5, 4)")
    return {
        "empty": b"",
        "half": intact[:-40],
        "header only": intact[:128],
        "half a header": intact[:40],
        "another kind": b"no array at all",
        "an archive": b"PK\x03\x04" + bytes(200),
        "doubles": _npy(np.zeros((5, 4))),
        "three columns": _npy(np.zeros((5, 3), np.float32)),
        "a bracket that never closes": intact[:brackets] + b"(5, 4 " + intact[brackets + 6 :],
        "more than the memory holds": intact.replace(
            b"(5, 4), }           ", b"(99999999999999, 4)}"
        ),
        "not finite": _npy(np.full((5, 4), np.nan, np.float32)),
        "a pickle": _npy(np.array([[1, 2, 3, "x"]], object)),
    }


def _npy(values: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values)
    return file.getvalue()


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[-5] ^= 1 << bit  # of the last coordinate, before the checksum
    return bytes(changed)


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_is_noticed(bit: int, tmp_path: Path, searched: CountedSearch) -> None:
    proposal_store = ProposalStore(tmp_path)
    proposal_store.get(picture(), SINGLE)
    (path,) = tmp_path.iterdir()
    path.write_bytes(_flipped(path.read_bytes(), bit))
    assert proposal_store.get(picture(), SINGLE).tolist() == [[0, 0, 64, 48]]
    assert searched.calls == 2


def test_a_file_of_a_former_version_without_a_checksum_is_read(
    tmp_path: Path, searched: CountedSearch
) -> None:
    proposal_store = ProposalStore(tmp_path)
    proposal_store.get(picture(), SINGLE)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-4])
    assert proposal_store.get(picture(), SINGLE).tolist() == [[0, 0, 64, 48]]
    assert searched.calls == 1


@pytest.mark.parametrize("damage", list(damages()))
def test_a_damaged_file_is_computed_again_and_mended(
    damage: str, tmp_path: Path, searched: CountedSearch, caplog: pytest.LogCaptureFixture
) -> None:
    proposal_store = ProposalStore(tmp_path)
    proposal_store.get(picture(), SINGLE)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damages()[damage])
    with caplog.at_level(logging.WARNING):
        assert proposal_store.get(picture(), SINGLE).tolist() == [[0, 0, 64, 48]]
    assert "damaged" in caplog.text
    assert proposal_store.get(picture(), SINGLE).tolist() == [[0, 0, 64, 48]]
    assert searched.calls == 2


def test_a_reader_meets_nothing_while_a_file_is_half_written(
    tmp_path: Path, searched: CountedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[FloatArray | None] = []

    def in_two_halves(path: Path, boxes: FloatArray) -> None:
        content = _npy(boxes)
        path.write_bytes(content[:100])
        read.append(ProposalStore(tmp_path).look_up(picture(), SINGLE))
        path.write_bytes(content)

    monkeypatch.setattr(store.np, "save", in_two_halves)  # type: ignore[attr-defined]
    ProposalStore(tmp_path).get(picture(), SINGLE)
    assert read == [None]
    assert ProposalStore(tmp_path).look_up(picture(), SINGLE) is not None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("5192 requested and 2016 written"), "the disk is full"),  # NumPy's own words
    ],
)
def test_a_full_disk_is_told_in_words_and_leaves_nothing_behind(
    error: OSError, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(path: Path, boxes: FloatArray) -> None:
        path.write_bytes(b"half")
        raise error

    monkeypatch.setattr(store.np, "save", half)  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match=rf"cannot be kept in .*{message}\)\. Free some space"):
        ProposalStore(tmp_path).get(picture(), SINGLE)
    assert list(tmp_path.iterdir()) == []


def test_size_counts_what_is_kept_and_clear_forgets_it(
    tmp_path: Path, searched: CountedSearch
) -> None:
    proposal_store = ProposalStore(tmp_path / "proposals")
    assert proposal_store.size() == 0
    proposal_store.clear()
    for seed in range(3):
        proposal_store.get(picture(seed), SINGLE)
    assert proposal_store.size() == 3 * (len(_npy(np.zeros((1, 4), np.float32))) + 4)  # a checksum
    in_work = proposal_store.folder / ".being-written-elsewhere.partial.npy"
    in_work.write_bytes(b"half")
    proposal_store.clear()
    assert list(proposal_store.folder.iterdir()) == [in_work]


# Two processes


def _search_all(folder: Path, together: Barrier) -> list[FloatArray]:
    """Search every picture at the same moment as the other process."""
    propose(picture(99), SINGLE)  # the machine code is loaded
    found = []
    for seed in range(12):
        together.wait(timeout=120)
        found.append(ProposalStore(folder).get(picture(seed), SINGLE))
    return found


def _search_all_and_tell(folder: Path, together: Barrier, answer: Connection) -> None:
    answer.send(_search_all(folder, together))


def test_two_processes_that_ask_for_the_same_picture_at_once_get_the_same_and_leave_one_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spawning = multiprocessing.get_context("spawn")
    together, (answer, end) = spawning.Barrier(2), spawning.Pipe()
    process = spawning.Process(target=_search_all_and_tell, args=(tmp_path, together, end))
    process.start()
    own, child = _search_all(tmp_path, together), answer.recv()
    process.join(timeout=60)
    assert process.exitcode == 0
    assert len(list(tmp_path.iterdir())) == 12
    for seed in range(12):
        proposal_store = ProposalStore(tmp_path).look_up(picture(seed), SINGLE)
        for boxes in (own[seed], child[seed], proposal_store):
            np.testing.assert_array_equal(boxes, propose(picture(seed), SINGLE))
    assert not caplog.records


def _die_while_writing(folder: Path) -> None:
    def half(path: Path, boxes: FloatArray) -> None:
        path.write_bytes(b"\x93NUMPY half of it")
        os.kill(os.getpid(), signal.SIGKILL)

    store.np.save = half  # type: ignore[attr-defined]
    ProposalStore(folder).get(picture(), SINGLE)


def test_a_process_that_dies_while_it_writes_leaves_no_entry(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_die_while_writing, args=(tmp_path,)
    )
    process.start()
    process.join(timeout=120)
    assert process.exitcode == -signal.SIGKILL
    proposal_store = ProposalStore(tmp_path)
    assert proposal_store.look_up(picture(), SINGLE) is None
    np.testing.assert_array_equal(proposal_store.get(picture(), SINGLE), propose(picture(), SINGLE))
