"""Who shares out the work of a whole data set: processes or threads of this machine, or a cluster, by joblib.

joblib calls both kinds of parallelism a backend; a cluster's package is needed by those only who name it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import joblib
import psutil

from fastrcnn_core.errors import ConfigError, UserError

BACKENDS = ("loky", "threading", "dask", "ray")

_LOOKS = 1.0  # seconds between two looks at whether the parent lives
_PATIENCE = 10  # seconds that a scheduler has to answer


@contextmanager
def backend_called(name: str, *, scheduler: str | None, workers: int) -> Iterator[None]:
    """joblib's backend of this name, with its cluster if it has one.

    Raises:
        ConfigError: no such backend.
        UserError: its package is not installed, or its scheduler does not answer or has no workers.
    """
    if name not in BACKENDS:
        raise ConfigError(
            f"There is no backend {name!r}.", hint=f"Take one of {', '.join(BACKENDS)}."
        )
    if name == "dask":
        with _dask_client(scheduler, workers) as client, _config("dask", client=client):
            yield
    elif name == "ray":
        _start_ray(scheduler, workers)
        with _config("ray"):
            yield
    else:
        with _config(name):
            yield


@contextmanager
def children_ignore_ctrl_c() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C, which a terminal sends to them too: who started them decides.

    A signal's handling can be changed in the main thread only; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@cache
def end_with_parent() -> None:
    """For a worker process of joblib's: it ends when the process that it works for is killed, and nobody tells it."""
    if multiprocessing.current_process().name.startswith("LokyProcess"):
        parent = psutil.Process(os.getppid())
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: psutil.Process) -> None:
    # An orphan gets another parent, except on Windows.
    while os.getppid() == parent.pid and parent.is_running():
        time.sleep(_LOOKS)
    # Not by an exception: the main thread may wait for ever for somebody to read its answer.
    os._exit(1)


def _config(backend: str, **settings: Any) -> Any:
    """One thread a worker: the pictures are what is worked on side by side."""
    if backend == "loky":
        settings["inner_max_num_threads"] = 1
    return joblib.parallel_config(backend=backend, **settings)


def _dask_client(scheduler: str | None, workers: int) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise _not_installed("dask[distributed]") from error
    if scheduler is None:
        with children_ignore_ctrl_c():
            return Client(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=":0",  # any free port
                silence_logs=logging.ERROR,
            )
    return _cluster_with_workers(Client, scheduler)


def _cluster_with_workers(client_type: Any, scheduler: str) -> Any:
    scheduler = scheduler if "://" in scheduler else f"tcp://{scheduler}"
    _expect_somebody_at(scheduler)
    try:
        client = client_type(scheduler, timeout=f"{_PATIENCE} s")
    except OSError as error:  # somebody listens there who is no scheduler
        raise _nobody_answers(scheduler) from error
    if not client.ncores():
        client.close()
        raise UserError(
            f"The Dask scheduler at {scheduler} has no workers.",
            hint=f"Start some with `dask worker {scheduler}`, where this project is installed too.",
        )
    return client


def _expect_somebody_at(scheduler: str) -> None:
    """A Dask client would wait for its whole patience where nobody listens, and complain long afterwards."""
    from distributed.comm import get_address_host_port

    try:
        host_and_port = get_address_host_port(scheduler, strict=True)
        socket.create_connection(host_and_port, timeout=_PATIENCE).close()
    except (OSError, ValueError, NotImplementedError) as error:  # nobody; no such address
        raise _nobody_answers(scheduler) from error


def _nobody_answers(scheduler: str) -> UserError:
    return UserError(
        f"No Dask scheduler answers at {scheduler}.",
        hint="Start one with `dask scheduler` and take the address that it prints, or leave the address out.",
    )


def _start_ray(scheduler: str | None, workers: int) -> None:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise _not_installed("ray") from error
    register_ray()
    ray.init(address=scheduler, num_cpus=None if scheduler else workers)


def _not_installed(package: str) -> UserError:
    return UserError(
        f"{package} is not installed.",
        hint="Run `pip install -r requirements-cluster.txt`, or take the backend loky.",
    )
