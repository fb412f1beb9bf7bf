"""Processes that start others, and how to end them all."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil


class Service:
    """
    A command in a session of its own.

    :param command: its words.
    :param environment: its environment.
    :param log: where all it prints is added.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        return self.process.poll() is None

    def family(self) -> list[psutil.Process]:
        """All that came from the process and still lives: its descendants, and orphans of its session."""
        session = {process for process in psutil.process_iter() if _session_of(process.pid) == self.process.pid}
        return list(session.union(*(_descendants(process) for process in session)))

    def stop(self, grace: float = 15) -> None:
        """Asks all of them to end, and after ``grace`` seconds kills what is left."""
        stop_all([self], grace)

    def kill(self) -> None:
        """Ends all of them as a crashing machine does."""
        _end(self.family())
        self.process.wait()


def stop_all(services: Sequence[Service], grace: float = 15) -> None:
    """Stops several at a time, which takes no longer than the slowest."""
    family = [process for service in services for process in service.family()]
    _signal(family, signal.SIGTERM)
    _, left = psutil.wait_procs(family, timeout=grace)
    _end(left)
    for service in services:
        service.process.wait()


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _descendants(process: psutil.Process) -> set[psutil.Process]:
    try:
        return set(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def _end(processes: Sequence[psutil.Process]) -> None:
    _signal(processes, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=5)


def _signal(processes: Sequence[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """SIGTERM unwinds the program as Ctrl-C does, so that everything started is stopped."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait_until(condition: Callable[[], bool], seconds: float, what: str, pause: float = 0.2) -> None:
    """
    Waits for a condition.

    :param condition: looked at again and again.
    :param seconds: how long to wait at most.
    :param what: named when it did not come.
    :param pause: seconds between two looks.
    :raises TimeoutError: when it did not come.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(pause)
