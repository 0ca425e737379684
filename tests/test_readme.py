"""The README is true where a test can tell: modules, pages, words on screen, commands, settings, files, snippets."""

import re
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from fastrcnn_core.__main__ import COMMANDS
from tests.support.builders import noise_image, tiny_config

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text between this heading and the next."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def modules_on_the_map() -> list[Path]:
    """Read the map's first column. A name without a folder is in the folder of its row's first name."""
    found: list[Path] = []
    for row in re.findall(r"^\| (`.*?) \|", section("Map of the modules"), re.MULTILINE):
        names = re.findall(r"`([^`]+)`", row)
        for name in names:
            beside = Path(names[0]).parent
            found.append(Path(name) if (ROOT / name).exists() else beside / name)
    return found


def test_every_module_on_the_map_exists_and_a_folder_is_called_a_folder() -> None:
    found = modules_on_the_map()
    assert len(found) > 20
    for module in found:
        assert (ROOT / module).exists(), module
        assert (ROOT / module).is_file() == (module.suffix == ".py"), module


def test_every_module_of_the_core_is_on_the_map() -> None:
    core = ROOT / "fastrcnn_core"
    present = {
        path.relative_to(ROOT)
        for path in core.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    present = {path for path in present if not path.name.startswith("__")}
    assert present <= set(modules_on_the_map())


def test_the_pages_are_those_of_the_app() -> None:
    listed = re.findall(r"^\| \*\*(.+?)\*\* \|", section("What you will see"), re.MULTILINE)
    door = (ROOT / "app.py").read_text(encoding="utf-8")
    assert listed == re.findall(r'^    "\w+": \("(.+?)", ":material', door, re.MULTILINE)
    assert listed


def test_every_word_in_italics_that_leads_to_own_data_stands_on_the_screen() -> None:
    words = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", section("Bring your own data")))
    assert words
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "pages").rglob("*.py"))
    assert not {word for word in words if f'"{word}"' not in sources}


def test_every_command_is_shown() -> None:
    shown = re.findall(r"^python -m fastrcnn_core (\w+)", README, re.MULTILINE)
    assert set(shown) == set(COMMANDS)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem
)
def test_every_benchmark_finds_the_project_when_it_is_called_as_it_says(file: Path) -> None:
    """Python puts the file's folder on `sys.path` for `python benchmarks/NAME.py`, this one for `python -m`."""
    text = file.read_text(encoding="utf-8")
    before, imports_us, _ = text.partition("\nfrom fastrcnn_core")
    called = re.search(rf"python (-m benchmarks\.{file.stem}|benchmarks/{file.stem}\.py)", before)
    assert called
    if imports_us and not called[1].startswith("-m"):
        assert "\nsys.path.insert(0, " in before


def test_every_environment_variable_is_listed() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "fastrcnn_core").rglob("*.py")
    )
    obeyed = set(re.findall(r"environ(?:\.get\(|\[)\s*\"(FASTRCNN_\w+)\"", sources))
    assert obeyed
    listed = set(re.findall(r"^\| `(FASTRCNN_\w+)` \|", README, re.MULTILINE))
    assert listed == obeyed


@pytest.mark.parametrize("file", sorted(set(re.findall(r"\]\(([^):]+)\)", README))))
def test_every_file_that_is_linked_or_shown_exists(file: str) -> None:
    assert (ROOT / file).is_file()


def test_every_table_has_a_separator_row_that_renders() -> None:
    """GitHub renders a table only if its second row is of hyphens, colons and as many columns as the first."""
    for document in ROOT.glob("*.md"):
        lines = document.read_text(encoding="utf-8").splitlines()
        starts = [
            row
            for row in range(1, len(lines))
            if lines[row].startswith("|") and not lines[row - 1].startswith("|")
        ]
        for row in starts:
            assert re.fullmatch(r"(\| :?-{3,}:? )+\|", lines[row + 1]), (
                document.name,
                lines[row + 1],
            )
            assert lines[row].count("|") == lines[row + 1].count("|"), (document.name, lines[row])


@pytest.mark.slow
def test_the_snippets_run_and_are_short(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Detect on a picture file, then train and evaluate, as printed but on tiny images and with a tiny config."""
    detect, learn = re.findall(r"```python\n(.*?)```", section("From Python"), re.DOTALL)
    assert len([line for line in detect.splitlines() if line]) <= 6
    assert len([line for line in learn.splitlines() if line]) <= 12
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fastrcnn_core.preset", lambda name: tiny_config(epochs=1.0), raising=False)
    PIL.Image.fromarray(noise_image().pixels).save("street.jpg")
    names: dict[str, Any] = {}
    exec(detect, names)
    assert Path("street-boxes.png").stat().st_size > 1000
    exec(learn.replace('"synthetic"', repr(str(tiny))), names)
    assert re.fullmatch(r"AP \d\.\d{3}, AP50 \d\.\d{3}", capsys.readouterr().out.splitlines()[-1])
