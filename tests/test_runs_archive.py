"""Export and import of runs: what a zip file holds, and that an untrusted one does no harm."""

import dataclasses
import errno
import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from fastrcnn_core import archives, files
from fastrcnn_core.config import Config
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import DataError, RunError
from fastrcnn_core.files import bytes_on_disk, complete_files, runs_folder
from fastrcnn_core.runs import (
    Run,
    RunPresentError,
    archive,
    delete_run,
    export_run,
    exported_checkpoints,
    find_run,
    import_run,
    list_runs,
    rename_run,
)
from fastrcnn_core.runs.folder import MODEL_FILE
from fastrcnn_core.runs.metrics import METRICS_FILE
from fastrcnn_core.runs.status import RunStatus, write_status
from fastrcnn_core.runs.writer import RunWriter, create_run, set_data
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.runs import new_run, step_report, write_checkpoint_files
from tests.support.training import train_run


def exported(tmp_path: Path) -> Path:
    run = new_run("teacher")
    writer = RunWriter(run)
    writer.step(step_report(1))
    writer.checkpoint(1, write_checkpoint_files, keep=5)
    writer.close()
    writer.end(state="finished")
    return export_run(run, tmp_path / "teacher.zip")


def test_a_run_travels_in_one_zip(tmp_path: Path) -> None:
    path = exported(tmp_path)
    delete_run(find_run("teacher"))
    assert list_runs() == ()
    run = import_run(path)
    assert run.name == "teacher"
    assert run.config() == Config()
    assert run.metrics()["step"] == [1]
    assert run.latest_checkpoint().model_file.read_text() == "weights"
    assert run.status().state == "finished"
    assert list((run.folder / "tensorboard").iterdir())


def test_a_run_that_goes_on_meanwhile_is_exported_and_measured_without_what_is_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = import_run(exported(tmp_path), name="going")
    size = bytes_on_disk(run.folder)
    assert size == sum(item.stat().st_size for item in run.folder.rglob("*") if item.is_file())
    half = run.folder / "checkpoints" / ".123.partial"
    half.mkdir()
    (half / MODEL_FILE).write_text("wei")
    vanished = [*complete_files(run.folder), run.folder / "checkpoints" / "gone.json"]
    for module in (files, archive):
        monkeypatch.setattr(module, "complete_files", lambda folder: vanished)
    assert bytes_on_disk(run.folder) == size
    with zipfile.ZipFile(export_run(run, tmp_path / "going.zip")) as packed:
        assert {"going/config.json", "going/metrics.jsonl"} <= set(packed.namelist())
        assert not [name for name in packed.namelist() if "partial" in name or "gone" in name]


def test_everything_in_the_zip_lies_below_the_runs_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(tmp_path)) as archive:
        names = archive.namelist()
    assert all(name.startswith("teacher/") for name in names)
    assert f"teacher/{METRICS_FILE}" in names


def test_what_a_killed_import_left_behind_goes_with_a_later_one_but_no_import_of_now(
    tmp_path: Path,
) -> None:
    path = exported(tmp_path)
    old, young = (runs_folder() / f".{item * 32}.partial" for item in "ab")
    for folder in (old, young):
        (folder / "teacher").mkdir(parents=True)
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old, (two_days_ago, two_days_ago))
    import_run(path, name="copy")
    assert (old.exists(), young.exists()) == (False, True)


def test_a_name_that_somebody_takes_at_the_same_moment_is_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes find the same name free, as when a class imports its teacher's run at once."""
    path = exported(tmp_path)
    (find_run("teacher").folder / "config.json").write_text(next(iter(GOOD.values())))
    seen_free = iter(["teacher", "teacher-2"])
    monkeypatch.setattr(archive, "free_name", lambda *_, **__: next(seen_free))
    assert import_run(path).name == "teacher-2"


def test_a_zip_that_macos_has_packed_again_is_a_run(tmp_path: Path) -> None:
    files = GOOD | {"__MACOSX/a/._config.json": "?", "a/._status.json": "?", "a/.DS_Store": "?"}
    run = import_run(zipped(tmp_path / "run.zip", files), name="again")
    assert not list(run.folder.glob("._*"))


def test_an_imported_run_can_have_another_name_and_takes_nobodys(tmp_path: Path) -> None:
    path = exported(tmp_path)
    (present,) = list_runs()
    settings = present.settings() | {"created": 7.0}  # another run of the same name
    (present.folder / "config.json").write_text(json.dumps(settings))
    assert import_run(path).name == f"{present.name}-2"
    assert import_run(path, name="copy").name == "copy"
    path.write_bytes(b"not looked at")
    with pytest.raises(RunError, match="already"):
        import_run(path, name=present.name)


@pytest.mark.parametrize(
    "entry",
    ["../evil.json", "/evil.json", "run/../../evil.json", "run\\..\\evil.json", "C:/evil.json"],
)
def test_a_zip_that_points_outside_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "{}")
    with pytest.raises(RunError, match="points outside"):
        import_run(path, name="evil")
    assert not list(runs_folder().parent.rglob("evil.json"))
    assert list_runs() == ()


def test_other_kinds_of_files_stay_in_the_zip(tmp_path: Path) -> None:
    path = exported(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("teacher/evil.py", "boom")
    assert not (import_run(path, name="copy").folder / "evil.py").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"plain text"])
def test_a_file_that_is_no_zip_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(content)
    with pytest.raises(RunError, match="damaged or no zip"):
        import_run(path)
    assert list_runs() == ()


GOOD = {"a/config.json": json.dumps({"config": {}, "data": "synthetic", "created": 0})}


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"holiday/notes.txt": "sun"}, "not a run"),
        ({"a/config.json": "{}", "b/config.json": "{}"}, "not a run"),
        ({"a/config.json": "no JSON"}, "cannot read"),
        ({"a/config.json": "[" * 100_000}, "cannot read"),
        ({"a/config.json": "{}"}, "cannot read"),
        ({"a/config.json": '{"config": {"training": {"magic": 1}}}'}, "cannot read"),
        ({"a/config.json": '{"config": 3, "data": "synthetic"}'}, "cannot read"),
        (
            {"a/config.json": '{"config": {}, "data": "synthetic", "created": 1e30}'},
            "cannot read",
        ),
        (GOOD | {"a/environment.json": '{"data": 3}'}, "cannot read"),
        (GOOD | {"a/metrics.jsonl": '{"step": "one"}\n'}, "cannot read"),
        (GOOD | {"a/brought.json/x.json": ""}, "cannot be stored"),
        ({item.replace("a/", ".hidden/"): text for item, text in GOOD.items()}, "cannot be called"),
    ],
)
def test_a_zip_without_a_run_that_is_understood_brings_nothing(
    tmp_path: Path, files: dict[str, str], text: str
) -> None:
    with pytest.raises(RunError, match=text):
        import_run(zipped(tmp_path / "run.zip", files))
    assert not list(runs_folder().glob("*"))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"state": "finished", "step": 3}, "finished"),
        ({"state": "failed", "message": "It broke."}, "failed"),
        ({"state": "queued", "process": 0, "updated": 1e12}, "stopped"),
        ({"state": "running", "process": os.getpid()}, "stopped"),
        ({"state": "running", "process": -1}, "failed"),
        ({"state": "running", "process": "x"}, "failed"),
        ({"state": "running", "step": None}, "failed"),
        ({"state": "dancing"}, "failed"),
        ([], "failed"),
    ],
)
def test_a_imported_run_never_seems_to_go_on(tmp_path: Path, status: object, state: str) -> None:
    files = GOOD | {"a/status.json": json.dumps(status)}
    run = import_run(zipped(tmp_path / "run.zip", files))
    assert run.status().state == state
    delete_run(run)
    assert list_runs() == ()


def test_a_imported_run_may_hold_folders_that_are_no_checkpoints(tmp_path: Path) -> None:
    files = GOOD | {
        f"a/checkpoints/step-{item}/model.safetensors": "" for item in ("x", "12", "-3")
    }
    run = import_run(zipped(tmp_path / "run.zip", files))
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [12]


def test_a_disk_that_is_full_is_told_and_keeps_no_half_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = exported(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)  # type: ignore[attr-defined]
    with pytest.raises(RunError, match="No space left"):
        import_run(path, name="copy")
    assert [item.name for item in runs_folder().iterdir() if item.is_dir()] == ["teacher"]


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a folder called Street the data set of this machine."""
    folder = str(write_tiny(tmp_path / "own" / "Street"))
    monkeypatch.setenv("FASTRCNN_DATA", folder)
    return folder


def sent(tmp_path: Path, data: str) -> Run:
    """Export a run on this data set and import it."""
    run = create_run("a", config=tiny_config(), data=data, preset="paper")
    assert run.local_data() == data
    return import_run(export_run(run, tmp_path / "a.zip"), name="b")


@pytest.mark.parametrize(
    "text",
    ["synthetic:8:1", "/home/teacher/Street", "C:\\lessons\\Street\\", "/x/Street + synthetic:8:1"],
)
def test_a_imported_run_finds_its_data_among_what_is_used_here(
    tmp_path: Path, street: str, text: str
) -> None:
    run = sent(tmp_path, text)
    folder = text.partition(" + ")[0]
    assert run.data_setting() == text
    assert run.local_data() == (
        text if text.startswith("synthetic") else text.replace(folder, street)
    )


def test_a_folder_around_the_data_set_is_looked_into(
    tmp_path: Path, street: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = Path(street).parent
    Path(street).rename(around / "PennFudanPed")
    monkeypatch.setenv("FASTRCNN_DATA", str(around))
    setting = open_dataset(around).setting
    assert sent(tmp_path, f"/somewhere/{Path(setting).name}").local_data() == setting


@pytest.mark.parametrize(
    "text",
    ["/etc", "/data/Street/..", "Street/../../etc", "", "~", "synthetic:/etc", "synthetic:.."],
)
def test_no_path_that_a_zip_names_is_opened(tmp_path: Path, street: str, text: str) -> None:
    run = sent(tmp_path, text)
    with pytest.raises(DataError, match="does not use here"):
        run.local_data()


def test_a_imported_run_that_goes_on_opens_no_path_of_the_zip(tmp_path: Path, street: str) -> None:
    elsewhere = str(write_tiny(tmp_path / "elsewhere"))
    run = sent(tmp_path, elsewhere)
    with pytest.raises(DataError, match="does not use here"):
        train_run(run)
    set_data(run, elsewhere)  # its owner has named the folder
    assert run.local_data() == elsewhere


def test_a_run_that_is_here_already_is_not_imported_twice_unless_it_went_on(tmp_path: Path) -> None:
    path = exported(tmp_path)
    original = find_run("teacher")
    with pytest.raises(RunPresentError, match="here already: 'teacher'") as refused:
        import_run(path)
    assert refused.value.run == original
    delete_run(original)
    imported = import_run(path)
    renamed = rename_run(imported, "mine")
    set_data(renamed, "synthetic:5:0")
    with pytest.raises(RunPresentError, match="'mine'"):
        import_run(path)
    assert [run.name for run in list_runs()] == ["mine"]
    write_status(renamed.folder, RunStatus(state="stopped", step=0))
    further = {name: text for name, text in GOOD.items()}
    assert import_run(zipped(tmp_path / "other.zip", further)).name == "a"


def test_an_export_that_has_more_steps_than_the_run_here_is_imported_beside_it(
    tmp_path: Path,
) -> None:
    def at(step: int) -> Path:
        status = json.dumps({"state": "stopped", "step": step})
        return zipped(tmp_path / f"{step}.zip", GOOD | {"a/status.json": status})

    assert import_run(at(40)).name == "a"
    with pytest.raises(RunPresentError):
        import_run(at(40))
    assert import_run(at(78)).name == "a-2"
    with pytest.raises(RunPresentError, match="'a-2'"):
        import_run(at(78))


def test_an_export_holds_the_newest_checkpoint_and_the_best_and_no_others(tmp_path: Path) -> None:
    run = new_run()
    writer = RunWriter(run)
    for step, quality in ((1, 0.2), (2, 0.9), (3, None), (4, 0.5), (5, 0.4)):
        writer.checkpoint(step, write_checkpoint_files, keep=9)
        writer.validation({"step": step, "AP": quality})
    writer.end(state="finished")
    assert [checkpoint.step for checkpoint in exported_checkpoints(run)] == [2, 5]
    imported = import_run(export_run(run, tmp_path / "run.zip"), name="theirs")
    assert [(checkpoint.step, checkpoint.can_resume) for checkpoint in imported.checkpoints()] == [
        (2, False),
        (5, True),
    ]
    assert imported.validation() == dataclasses.replace(
        run.validation(), file=imported.validation().file
    )
