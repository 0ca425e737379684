"""The life of a run, told as it happens: wait for the turn, proposals, features, steps, checkpoints, an end.

The process of `train` runs this; everybody else reads what it writes.
"""

from __future__ import annotations

from contextlib import nullcontext

from fastrcnn_core.commands.filling import find_proposals, remember_features
from fastrcnn_core.commands.interruption import Interruption
from fastrcnn_core.commands.learning import learn
from fastrcnn_core.commands.orders import Orders, Stopped
from fastrcnn_core.commands.preparing import choose_names, make_trainer, note_environment
from fastrcnn_core.commands.progress import note
from fastrcnn_core.commands.silence import SilentWriter
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import RunError, UserError, is_disk_full
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs import Run
from fastrcnn_core.runs.queue import Turn, owning
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.training.pictures import Pictures
from fastrcnn_core.training.team import ALONE, Team


def train(run: Run, team: Team = ALONE) -> int:
    """Train until the run is finished, stopped or broken, from its last checkpoint if it has one.

    Args:
        team: the processes that train it together; the first writes its folder.

    Returns:
        The exit code: 0 finished or stopped on request, 128 + signal stopped by Ctrl-C (130) or SIGTERM (143).

    Raises:
        UserError: it failed; the status says so too.
    """
    alone_here = owning(run.folder) if team.is_first else nullcontext()
    with alone_here, Interruption() as interruption:
        writer = RunWriter(run) if team.is_first else SilentWriter(run)
        turn = Turn(run.folder.parent)
        try:
            _work(run, writer, Orders(run, writer, turn, interruption, team))
            writer.end(state="finished", stage="finished")
        except Stopped as stopped:
            writer.end(state="stopped", stage="stopped", message=str(stopped))
            _note(team, str(stopped))
            return stopped.exit_code
        except KeyboardInterrupt:
            writer.end(state="stopped", stage="stopped", message="Interrupted twice.")
            raise
        except Exception as error:
            told = _in_words(error)
            writer.end(state="failed", message=told.problem, hint=told.hint)
            if _is_foreseen(error):
                raise told from error
            raise
        finally:
            turn.give_back()
            _close(writer, team)  # after the last words, for it can fail
    return 0


def _work(run: Run, writer: RunWriter, orders: Orders) -> None:
    """What a run's process does between its first status and its last."""
    team = orders.team
    orders.obey()
    writer.tell(state="preparing", stage="opening the data set")
    config = team.tell(run.config)
    dataset = open_dataset(team.tell(run.data_here))
    names = choose_names(dataset, config)
    pictures = Pictures(dataset, ProposalStore(), config.proposals)
    trainer = make_trainer(run, config, dataset, names, writer, team)
    _note(
        team,
        f"{run.name}: {dataset.title}, {len(names.training)} training pictures, {trainer.total_steps} steps, "
        f"{writer.status.device}",
    )
    note_environment(run, dataset, names, writer, trainer)
    find_proposals(pictures, [*names.training, *names.validation], writer, orders)
    remember_features(trainer, pictures, names.training, writer, orders)
    learn(trainer, pictures, names, writer, orders)


def _close(writer: RunWriter, team: Team) -> None:
    """Finish the curves for TensorBoard; on a full disk they end early, and nothing else does."""
    try:
        writer.close()
    except OSError as error:
        if not is_disk_full(error):
            raise
        _note(team, "The disk is full: the curves for TensorBoard end early.")


def _note(team: Team, sentence: str) -> None:
    """Said once, however many there are."""
    if team.is_first:
        note(sentence)


def _is_foreseen(error: Exception) -> bool:
    return isinstance(error, UserError) or is_disk_full(error)


def _in_words(error: Exception) -> UserError:
    """The error as the status tells it."""
    if isinstance(error, UserError):
        return error
    if is_disk_full(error):
        return RunError(
            "The disk is full, so that the run cannot be written.",
            hint="Make room and go on with --resume; the last checkpoint is intact.",
        )
    return RunError(
        f"{type(error).__name__}: {error}",
        hint="This is a fault of the program; log.txt in the run's folder has the details.",
    )
