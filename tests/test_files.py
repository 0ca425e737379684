"""Files appear whole or not at all, also where a reader's hold on the old one is in the way."""

import os
import sys
from pathlib import Path

import pytest

from fastrcnn_core import files
from fastrcnn_core.files import write_text


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Windows' answer, as often as the list says, while a reader holds the file that is to be replaced."""
    refusals, replace = [2], os.replace

    def refuse(old: Path, new: Path) -> None:
        if refusals[0]:
            refusals[0] -= 1
            raise PermissionError(13, "Access is denied")
        replace(old, new)

    monkeypatch.setattr(os, "replace", refuse)
    return refusals


def test_a_file_that_is_read_at_the_moment_is_replaced_a_little_later(
    tmp_path: Path, held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    write_text(tmp_path / "status.json", "new")
    assert (tmp_path / "status.json").read_text() == "new"


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_a_folder_that_nobody_may_write_to_is_told_and_nothing_is_left(
    tmp_path: Path, held: list[int], monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    held[0] = 10**6
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(files, "_SECONDS_OF_A_READER", 0.05)
    with pytest.raises(PermissionError):
        write_text(tmp_path / "status.json", "new")
    assert not list(tmp_path.iterdir())
