"""The README is true where a test can tell: rooms, pages, words on screen, commands, settings and pictures exist."""

import re
from pathlib import Path

import pytest

from fastrcnn_core.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands between this heading and the next."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rooms_on_the_map() -> list[Path]:
    """The first column of the map. A name without a folder is in the folder that was named before it."""
    found = []
    for row in re.findall(r"^\| (`.*?) \|", section("A map of the rooms"), re.MULTILINE):
        names = re.findall(r"`([^`]+)`", row)
        for name in names:
            beside = Path(names[0]).parent
            found.append(Path(name) if (ROOT / name).exists() else beside / name)
    return found


def test_every_room_on_the_map_exists_and_a_folder_is_called_a_folder() -> None:
    rooms = rooms_on_the_map()
    assert len(rooms) > 20
    for room in rooms:
        assert (ROOT / room).exists(), room
        assert (ROOT / room).is_file() == (room.suffix == ".py"), room


def test_every_room_of_the_core_is_on_the_map() -> None:
    core = ROOT / "fastrcnn_core"
    rooms = {it.relative_to(ROOT) for it in core.iterdir() if not it.name.startswith("__")}
    assert rooms <= set(rooms_on_the_map())


def test_every_page_is_told_and_no_other() -> None:
    told = re.findall(r"^\| \*\*(.+?)\*\* \|", section("What you will see"), re.MULTILINE)
    door = (ROOT / "app.py").read_text(encoding="utf-8")
    assert told == re.findall(r'^    "\w+": \("(.+?)", ":material', door, re.MULTILINE)
    assert told


def test_every_word_in_italics_that_leads_to_own_data_stands_on_the_screen() -> None:
    words = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", section("Bring your own data")))
    assert words
    sources = "".join(it.read_text(encoding="utf-8") for it in (ROOT / "pages").rglob("*.py"))
    assert not {word for word in words if f'"{word}"' not in sources}


def test_every_command_is_shown() -> None:
    shown = re.findall(r"^python -m fastrcnn_core (\w+)", README, re.MULTILINE)
    assert set(shown) == set(COMMANDS)


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda it: it.stem)
def test_every_benchmark_finds_the_project_when_it_is_called_as_it_says(file: Path) -> None:
    """`python benchmarks/NAME.py` looks for modules beside the file, `python -m benchmarks.NAME` here."""
    text = file.read_text(encoding="utf-8")
    before, imports_us, _ = text.partition("\nfrom fastrcnn_core")
    called = re.search(rf"python (-m benchmarks\.{file.stem}|benchmarks/{file.stem}\.py)", before)
    assert called
    if imports_us and not called[1].startswith("-m"):
        assert "\nsys.path.insert(0, " in before


def test_every_setting_of_the_environment_is_told() -> None:
    sources = "".join(
        it.read_text(encoding="utf-8") for it in (ROOT / "fastrcnn_core").rglob("*.py")
    )
    obeyed = set(re.findall(r"environ(?:\.get\(|\[)\s*\"(FASTRCNN_\w+)\"", sources))
    assert obeyed
    told = set(re.findall(r"^\| `(FASTRCNN_\w+)` \|", README, re.MULTILINE))
    assert told == obeyed


@pytest.mark.parametrize("file", sorted(set(re.findall(r"\]\(([^):]+)\)", README))))
def test_every_file_that_is_linked_or_shown_exists(file: str) -> None:
    assert (ROOT / file).is_file()
