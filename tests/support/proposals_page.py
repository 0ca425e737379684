"""A picture's proposals for the tests of the Proposals page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from pages.ui.proposals.view import View, view
from pages.ui.state.selected_picture import Picture
from tests.support.datasets import write_tiny


@pytest.fixture(autouse=True)
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four tiny pictures with two people each, that the server is started with."""
    folder = write_tiny(tmp_path / "street", count=4, people=2)
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


def view_of(street: Path, **knobs: Any) -> View:
    data = open_dataset(street)
    annotated = data.load(data.names[0])
    config = ProposalConfig(**{"min_side": 8} | knobs)
    return view(Picture(annotated.image, annotated, data), config)
