"""
``--processes N`` runs the tests in N processes, forked after the collection.

What the tests import is imported once and every test is collected once; pytest-xdist's processes each take five seconds
for it. The parent hands out units, which are lists of tests, and reports what comes back as if the tests had run in
itself. A process that dies fails the test that it ran; another goes on with the rest of its unit.
"""

from __future__ import annotations

import gc
import os
import signal
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Event
from tempfile import TemporaryFile
from typing import Any

import pytest
from _pytest.capture import FDCapture
from _pytest.unraisableexception import collect_unraisable
from support.schedule import Unit, waiting_and_computing

from local_airflow.processes import ending_on_sigterm

_fork = get_context("fork")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--processes", type=int, default=0, help="run the tests in so many processes; 0: in this one")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Tests of several files take turns, so that the line of a file says nothing."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if config.option.processes and terminal is not None:
        terminal.showfspath = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in processes; leave it to pytest when there is no test, or an error in the collection."""
    if not session.config.option.processes or session.config.option.collectonly or session.testsfailed:
        return None
    Parent(session).run(session.config.option.processes)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


@dataclass
class Child:
    """
    A process, as its parent sees it.

    :param is_for_waiting: whether it begins with tests that wait.
    :param unit: what it still has to run; the first of it is running.
    """

    process: ForkProcess
    connection: Connection
    is_for_waiting: bool
    unit: deque[int] = field(default_factory=deque)


class Parent:
    """Hands out units and reports results."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._hook = session.config.hook
        names = [item.nodeid for item in session.items]
        self._waiting, self._computing = map(deque[Unit], waiting_and_computing(names))
        self._stopped = _fork.Event()
        self._children: list[Child] = []

    def run(self, processes: int) -> None:
        """Run all tests."""
        # of all processes: the parent cleans it up
        self._session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # of a plugin
        with ending_on_sigterm():  # and what else a run leaves in the folder for temporary files
            try:
                for number in range(min(processes, len(self._waiting) + len(self._computing))):
                    self._start(is_for_waiting=number % 2 == 1)
                while self._children:
                    self._wait()
            finally:
                self._stopped.set()
                for child in self._children:
                    child.connection.close()
                    child.process.join()

    def _start(self, *, is_for_waiting: bool) -> None:
        connection, far = _fork.Pipe()
        others = [child.connection for child in self._children]
        process = _fork.Process(target=serve, args=(self._session, far, self._stopped, [connection, *others]))
        process.start()
        far.close()
        child = Child(process, connection, is_for_waiting)
        self._children.append(child)
        self._hand_out(child)

    def _hand_out(self, child: Child) -> None:
        queues = (self._waiting, self._computing) if child.is_for_waiting else (self._computing, self._waiting)
        unit = next((queue.popleft() for queue in queues if queue), ())
        child.unit.extend(unit)
        child.connection.send(unit)

    def _wait(self) -> None:
        ready = wait([child.connection for child in self._children])
        for child in [child for child in self._children if child.connection in ready]:
            self._receive(child)

    def _receive(self, child: Child) -> None:
        try:
            messages = child.connection.recv()
        except (EOFError, ConnectionResetError):
            self._has_ended(child)
            return
        for name, arguments in messages:
            self._report(name, arguments)
            if name == "pytest_runtest_logfinish":
                child.unit.popleft()
        if self._session.shouldfail or self._session.shouldstop:
            self._stopped.set()
        if not child.unit:
            self._hand_out(child)

    def _report(self, name: str, arguments: dict[str, Any]) -> None:
        if name == "pytest_runtest_logreport":
            data = arguments["report"]
            arguments = {"report": self._hook.pytest_report_from_serializable(config=self._session.config, data=data)}
        if name == "pytest_warning_recorded":
            self._hook.pytest_warning_recorded.call_historic(kwargs=arguments)
        else:
            getattr(self._hook, name)(**arguments)

    def _has_ended(self, child: Child) -> None:
        child.process.join()
        self._children.remove(child)
        if self._stopped.is_set():
            return
        if not child.unit:
            if child.process.exitcode:
                raise RuntimeError(f"A process ended with {child.process.exitcode} after its last test.")
            return
        item = self._session.items[child.unit.popleft()]
        reason = f"The process that ran it has ended with {child.process.exitcode}."
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", reason, "call")
        self._hook.pytest_runtest_logreport(report=report)
        self._hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if child.unit:
            self._computing.appendleft(tuple(child.unit))
        self._start(is_for_waiting=child.is_for_waiting)


class Reporter:
    """Sends what happens in a child, test by test."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config = config
        self._connection = connection
        self._messages: list[tuple[str, dict[str, object]]] = []

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._messages.append(("pytest_runtest_logstart", {"nodeid": nodeid, "location": location}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._messages.append(("pytest_runtest_logreport", {"report": data}))

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._messages.append(("pytest_runtest_logfinish", {"nodeid": nodeid, "location": location}))
        self._connection.send(self._messages)
        self._messages = []

    @pytest.hookimpl(trylast=True)
    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: object
    ) -> None:
        if when != "runtest":  # the parent has seen those of the collection
            return
        text, category = str(warning_message.message), warning_message.category
        plain = warnings.WarningMessage(text, category, warning_message.filename, warning_message.lineno)
        arguments = {"warning_message": plain, "when": when, "nodeid": nodeid, "location": location}
        self._messages.append(("pytest_warning_recorded", arguments))


def serve(session: pytest.Session, connection: Connection, stopped: Event, others: Sequence[Connection]) -> None:
    """
    Run units in a child until there are no more.

    :param stopped: set when no further test is wanted.
    :param others: the parent's ends of pipes; as long as one is open anywhere, a child does not see that it was closed.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:
        other.close()
    plugins = session.config.pluginmanager
    plugins.unregister(plugins.get_plugin("terminalreporter"))
    plugins.register(Reporter(session.config, connection))
    _separate_capture(session.config)
    try:
        while unit := connection.recv():
            for item, following in _pairs([session.items[index] for index in unit]):
                if stopped.is_set():
                    return
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    except (EOFError, OSError, KeyboardInterrupt):
        return  # the parent is gone, or ends
    finally:
        session._setupstate.teardown_exact(None)
    # what only shows when a process ends, such as a socket that nobody closed
    gc.collect()
    collect_unraisable(session.config)


def _separate_capture(config: pytest.Config) -> None:
    """Have this process capture what is printed in files of its own, which the streams of the parent lead to."""
    manager: Any = config.pluginmanager.get_plugin("capturemanager")
    for stream in (manager._global_capturing.out, manager._global_capturing.err):
        if isinstance(stream, FDCapture):
            with TemporaryFile() as file:
                os.dup2(file.fileno(), stream.tmpfile.fileno())


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Each test and the next; there is none after the last of a unit, so that its fixtures end with it."""
    return zip(items, [*items[1:], None], strict=True)
