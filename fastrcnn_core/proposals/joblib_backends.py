"""joblib backends (executors): worker processes or threads of this machine, or a Dask or Ray cluster.

A cluster's package is needed only where its backend is named.
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

JOBLIB_BACKENDS = ("loky", "threading", "dask", "ray")

_POLL_SECONDS = 1.0  # between two checks that the parent process is alive
_TIMEOUT_SECONDS = 10  # for a scheduler to answer


@contextmanager
def joblib_backend(name: str, *, scheduler: str | None, workers: int) -> Iterator[None]:
    """Use joblib's backend of this name inside the block, with its cluster if it has one.

    Raises:
        ConfigError: no such backend.
        UserError: its package is not installed, or its scheduler does not answer or has no workers.
    """
    if name not in JOBLIB_BACKENDS:
        raise ConfigError(
            f"There is no backend {name!r}.", hint=f"Take one of {', '.join(JOBLIB_BACKENDS)}."
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
def children_ignore_sigint() -> Iterator[None]:
    """Make child processes started inside the block ignore SIGINT, so that only the parent handles Ctrl-C.

    Signal handlers can be changed in the main thread only; in any other thread this does nothing.
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
def exit_with_parent() -> None:
    """Watch a joblib worker's parent process, and exit when it was killed."""
    if multiprocessing.current_process().name.startswith("LokyProcess"):
        parent = psutil.Process(os.getppid())
        threading.Thread(target=_exit_with, args=(parent,), daemon=True).start()


def _exit_with(parent: psutil.Process) -> None:
    # An orphan gets another parent, except on Windows.
    while os.getppid() == parent.pid and parent.is_running():
        time.sleep(_POLL_SECONDS)
    # An exception would not do: the main thread may block for ever on writing its result.
    os._exit(1)


def _config(backend: str, **settings: Any) -> Any:
    """Configure joblib with one thread a worker: pictures are what runs in parallel."""
    if backend == "loky":
        settings["inner_max_num_threads"] = 1
    return joblib.parallel_config(backend=backend, **settings)


def _dask_client(scheduler: str | None, workers: int) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise _not_installed("dask[distributed]") from error
    if scheduler is None:
        with children_ignore_sigint():
            return Client(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=":0",  # any free port
                silence_logs=logging.ERROR,
            )
    return _cluster_with_workers(Client, scheduler)


def _cluster_with_workers(client_type: Any, scheduler: str) -> Any:
    scheduler = scheduler if "://" in scheduler else f"tcp://{scheduler}"
    _check_connection(scheduler)
    try:
        client = client_type(scheduler, timeout=f"{_TIMEOUT_SECONDS} s")
    except OSError as error:  # a listener that is no scheduler
        raise _no_scheduler(scheduler) from error
    if not client.ncores():
        client.close()
        raise UserError(
            f"The Dask scheduler at {scheduler} has no workers.",
            hint=f"Start some with `dask worker {scheduler}`, where this project is installed too.",
        )
    return client


def _check_connection(scheduler: str) -> None:
    """Open and close a TCP connection, because a Dask client would use its whole timeout on a closed port."""
    from distributed.comm.addressing import get_address_host_port

    try:
        host_and_port = get_address_host_port(scheduler, strict=True)
        socket.create_connection(host_and_port, timeout=_TIMEOUT_SECONDS).close()
    except (OSError, ValueError, NotImplementedError) as error:  # no listener, or no address
        raise _no_scheduler(scheduler) from error


def _no_scheduler(scheduler: str) -> UserError:
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
