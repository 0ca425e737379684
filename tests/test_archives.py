"""Unpacking of untrusted zip files."""

import zipfile
from pathlib import Path

import pytest

from fastrcnn_core.archives import ArchiveError, unpack
from fastrcnn_core.errors import DataError

SYMLINK, DEVICE = 0o120777 << 16, 0o060644 << 16


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "data.zip"


def pack(archive: Path, name: str, content: bytes = b"hello", *, mode: int = 0) -> None:
    """Write a zip file with one ordinary entry and one that the test names."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data/first.txt", "first")
        file.writestr(entry, content)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_and_folders_are_unpacked(archive: Path, tmp_path: Path) -> None:
    pack(archive, "data/deep/second.txt")
    unpack(archive, tmp_path / "out", max_bytes=10)
    assert files_in(tmp_path / "out") == ["data/deep/second.txt", "data/first.txt"]
    assert (tmp_path / "out/data/deep/second.txt").read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("../outside.txt", 0),
        ("data/../../outside.txt", 0),
        ("/outside.txt", 0),
        ("C:/outside.txt", 0),
        ("..\\outside.txt", 0),
        ("data/link", SYMLINK),
        ("data/device", DEVICE),
    ],
)
def test_an_entry_that_points_outside_refuses_the_whole_file(
    archive: Path, tmp_path: Path, name: str, mode: int
) -> None:
    pack(archive, name, mode=mode)
    with pytest.raises(ArchiveError, match="points outside"):
        unpack(archive, tmp_path / "deep" / "out", max_bytes=1000)
    assert files_in(tmp_path) == ["data.zip"]


def test_a_bomb_is_refused_before_it_goes_off(archive: Path, tmp_path: Path) -> None:
    pack(archive, "data/zeros", b"\0" * 1_000_000)
    assert archive.stat().st_size < 10_000
    with pytest.raises(ArchiveError, match=r"1,000,005 bytes, more than the 1,000,004"):
        unpack(archive, tmp_path / "out", max_bytes=1_000_004)
    assert files_in(tmp_path) == ["data.zip"]


def test_a_bomb_that_lies_about_its_size_does_not_go_off(archive: Path, tmp_path: Path) -> None:
    pack(archive, "data/zeros", b"\0" * 1_000_000)
    honest, lie = (1_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(honest, lie))
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(archive, tmp_path / "out", max_bytes=10_000)
    assert (tmp_path / "out/data/zeros").stat().st_size <= 1_000


@pytest.mark.parametrize("where", [0.3, 0.6, 0.999])
def test_a_file_that_was_cut_off_is_refused(archive: Path, tmp_path: Path, where: float) -> None:
    pack(archive, "data/second.txt", bytes(range(256)) * 10)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * where)])
    with pytest.raises(ArchiveError, match="damaged or no zip file"):
        unpack(archive, tmp_path / "out", max_bytes=10_000)


def test_a_flipped_bit_is_noticed(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data/second.txt", "hello")
    archive.write_bytes(archive.read_bytes().replace(b"hello", b"jello"))
    with pytest.raises(ArchiveError, match="CRC"):
        unpack(archive, tmp_path / "out", max_bytes=10)


def test_a_disk_that_does_not_take_it_is_another_error(archive: Path, tmp_path: Path) -> None:
    pack(archive, "data/second.txt")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        unpack(archive, tmp_path / "file" / "out", max_bytes=1000)
    assert not isinstance(caught.value, ArchiveError)
