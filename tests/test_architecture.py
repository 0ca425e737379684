"""The house stands: imports point down, pages are thin, and nothing is unpickled."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS: dict[str, int] = {
    "errors": 0,
    "files": 0,
    "terminal": 0,
    "boxes": 0,
    "knobs": 1,
    "devices": 1,
    "config": 2,
    "structures": 2,
    "palette": 2,
    "flags": 3,
    "archives": 1,
    "images": 3,
    "selective_search": 3,
    "roi_sampling": 3,
    "losses": 3,
    "nms": 3,
    "backbones": 3,
    "datasets": 4,
    "model": 4,
    "proposals": 4,
    "checkpoints": 5,
    "detection": 5,
    "features": 5,
    "activations": 6,
    "checkpoint_timeline": 6,
    "diagnosis": 7,
    "prediction_trace": 6,
    "runs": 7,
    "drawing": 6,
    "detector": 8,
    "evaluation": 9,
    "training": 10,
    "commands": 11,
    "__main__": 12,
    "__init__": 13,
}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room(path: Path) -> str:
    """The module of `fastrcnn_core` to which a file belongs; a folder is one room."""
    return path.relative_to(ROOT / "fastrcnn_core").parts[0].removesuffix(".py")


def rooms_used(path: Path) -> set[str]:
    return {
        name.split(".")[1]
        for name in imports(path)
        if name.startswith("fastrcnn_core.") and name.split(".")[1] != "__version__"
    }


@pytest.mark.parametrize(
    "path", modules("fastrcnn_core"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_module_imports_only_from_lower_floors(path: Path) -> None:
    assert room(path) in FLOORS, f"give {room(path)} a floor"
    for used in rooms_used(path) - {room(path)}:
        assert FLOORS[used] < FLOORS[room(path)], f"{room(path)} imports {used}"


@pytest.mark.parametrize(
    "path", modules("fastrcnn_core"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_core_knows_nothing_of_the_app(path: Path) -> None:
    assert not {"streamlit", "pages", "ui", "app"} & {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("folder", ["fastrcnn_core", "pages"])
def test_the_program_never_imports_the_renderer_of_its_scenes(folder: str) -> None:
    for path in modules(folder):
        assert "renderer" not in {name.split(".")[0] for name in imports(path)}, path


@pytest.mark.parametrize("path", modules("pages"), ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_never_import_pages(path: Path) -> None:
    for name in imports(path):
        parts = name.split(".")
        assert parts[0] != "pages" or parts[1:2] == ["ui"] or name == "pages", (
            f"{path.name}: {name}"
        )


UI_LAYERS = ("cache", "jobs", "state", "components", "shell")


@pytest.mark.parametrize("path", modules("pages/ui"), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_ui_package_imports_from_lower_ones_and_a_pages_own_from_no_other_pages(
    path: Path,
) -> None:
    package = path.relative_to(ROOT / "pages/ui").parts[0]
    used = {name.split(".")[2] for name in imports(path) if name.startswith("pages.ui.")} - {
        package
    }
    allowed = UI_LAYERS[: UI_LAYERS.index(package)] if package in UI_LAYERS else UI_LAYERS
    assert used <= set(allowed)


def test_each_page_has_a_package_of_its_own_name() -> None:
    folders = {path.parent.name for path in (ROOT / "pages/ui").glob("*/__init__.py")}
    assert folders - set(UI_LAYERS) == {path.stem for path in (ROOT / "pages").glob("[a-z]*.py")}


@pytest.mark.parametrize("path", modules("pages"), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_cache_jobs_and_state_use_streamlits_caches_and_session(path: Path) -> None:
    if path.parent in {ROOT / "pages/ui" / name for name in ("cache", "jobs", "state")}:
        return
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not used & {"cache_data", "cache_resource", "session_state"}, path.name


def test_the_entry_point_is_small() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 40


@pytest.mark.parametrize("folder", ["fastrcnn_core", "pages"])
def test_nothing_is_unpickled(folder: str) -> None:
    for path in modules(folder):
        assert not {"pickle", "dill", "cloudpickle", "shelve", "joblib.load"} & set(
            imports(path)
        ), path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                only = [word for word in node.keywords if word.arg == "weights_only"]
                assert only, path
                assert ast.literal_eval(only[0].value) is True, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.literal_eval(node.value) is False, path


def test_looking_at_pictures_and_proposals_needs_no_torch() -> None:
    rooms = "images datasets selective_search proposals config structures boxes"
    code = "\n".join(f"import fastrcnn_core.{room}" for room in rooms.split())
    code += "\nimport sys\nraise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("folder", ["pages", "benchmarks", "assets"])
def test_only_the_command_line_imports_its_commands(folder: str) -> None:
    for path in modules(folder):
        assert not any(name.startswith("fastrcnn_core.commands") for name in imports(path)), path
