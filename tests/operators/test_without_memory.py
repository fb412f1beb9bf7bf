"""
Below Airflow 3.3, and with ``durable=False``, a retry knows nothing of the import that was sent.

So whatever ends such a task after a POST that is not idempotent has to end it without a retry. Airflow's signals are
sent as its own handlers do: 2.11 calls ``on_kill`` and raises, 3.x calls ``on_kill`` alone and kills the process later.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout
from support.imports import task
from support.taskrun import FakeTi, TaskRun, run_task

from airflow_provider_copernica.emulator import Emulator, Fault
from airflow_provider_copernica.exceptions import CopernicaImportTimeoutError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

try:
    from airflow.sdk.exceptions import AirflowTaskTerminated
except ImportError:
    from airflow.exceptions import AirflowTaskTerminated  # type: ignore[no-redef]  # where Airflow 2 has it

pytestmark = pytest.mark.usefixtures("copernica_connection")

Handler = Callable[[CopernicaImportOperator], None]


def as_airflow_2_does(operator: CopernicaImportOperator) -> None:
    operator.on_kill()
    raise AirflowTaskTerminated("Task received SIGTERM signal")


def as_airflow_3_does(operator: CopernicaImportOperator) -> None:
    operator.on_kill()


def on_time_out(operator: CopernicaImportOperator) -> None:
    raise AirflowTaskTimeout("Timeout")


def any_error(operator: CopernicaImportOperator) -> None:
    raise OSError("the network is away")


def is_asleep(frame: FrameType | None) -> bool:
    """Between two looks at the import; an error of the network within one would be seen through."""
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[0] == "_carry_out" and "watch_in_worker" in names


@contextmanager
def interrupted(
    is_time: Callable[[FrameType | None], bool], handler: Handler, operators: list[CopernicaImportOperator]
) -> Iterator[None]:
    """Once, as soon as it is time, within whatever the task does then. The alarm is pytest's own."""
    over = threading.Event()

    def handle(_: int, frame: FrameType | None) -> None:
        if not over.is_set() and is_time(frame):
            over.set()
            handler(operators[-1])

    def ask() -> None:
        while not over.wait(0.01):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)


def waiting_run(operators: list[CopernicaImportOperator], **arguments: object) -> TaskRun:
    def make() -> CopernicaImportOperator:
        operators.append(task(retries=3, **arguments))
        return operators[-1]

    return TaskRun(make, has_store=False)


@pytest.mark.parametrize("handler", [as_airflow_2_does, as_airflow_3_does, on_time_out, any_error])
def test_what_ends_the_waiting_ends_the_task(copernica_emulator: Emulator, handler: Handler) -> None:
    copernica_emulator.import_seconds = 600
    operators: list[CopernicaImportOperator] = []
    run = waiting_run(operators, action="add")
    with interrupted(is_asleep, handler, operators):
        outcome = run.run()
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1), outcome.error
    assert "It is not retried, since Airflow remembers nothing of the import" in str(outcome.error)


@pytest.mark.parametrize("handler", [as_airflow_2_does, as_airflow_3_does, on_time_out])
def test_what_interrupts_the_sending_ends_the_task(copernica_emulator: Emulator, handler: Handler) -> None:
    copernica_emulator.fail("imports", Fault.TIMEOUT_AFTER, seconds=30)
    operators: list[CopernicaImportOperator] = []
    run = waiting_run(operators, action="add")
    with interrupted(lambda _: len(copernica_emulator.imports) == 1, handler, operators):
        outcome = run.run()
    assert (outcome.state, outcome.attempts, len(copernica_emulator.imports)) == ("failed", 1, 1), outcome.error


@pytest.mark.parametrize("handler", [as_airflow_2_does, on_time_out])
def test_an_idempotent_import_may_be_retried(copernica_emulator: Emulator, handler: Handler) -> None:
    copernica_emulator.import_seconds = 600
    operators: list[CopernicaImportOperator] = []
    run = waiting_run(operators, action="update or add")
    with (
        interrupted(is_asleep, handler, operators),
        pytest.raises((AirflowTaskTerminated, CopernicaImportTimeoutError)),
    ):
        raise run.attempt().error or AssertionError
    assert len(copernica_emulator.imports) == 1


@pytest.mark.parametrize("key", ["import_status", "return_value"])
@pytest.mark.parametrize(("action", "attempts"), [("add", 1), ("update or add", 2)])
def test_an_xcom_that_can_not_be_pushed(
    copernica_emulator: Emulator,
    deferrable: bool,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    action: str,
    attempts: int,
) -> None:
    """Airflow pushes what a task returns after its code, when it would be too late."""
    push = FakeTi.xcom_push

    def failing(ti: FakeTi, key: str, value: object) -> None:
        if key == broken:
            raise RuntimeError("the database of Airflow is away")
        push(ti, key, value)

    broken = key
    monkeypatch.setattr(FakeTi, "xcom_push", failing)
    outcome = run_task(lambda: task(action=action, deferrable=deferrable, retries=1), has_store=False)
    if key == "return_value" and action != "add":
        assert (outcome.state, outcome.attempts) == ("success", 1), "it is left to Airflow"
    else:
        assert (outcome.state, outcome.attempts) == ("failed", attempts), outcome.error
        assert len(copernica_emulator.imports) == attempts


def test_the_returned_value_is_pushed_once(copernica_emulator: Emulator, deferrable: bool) -> None:
    operators: list[CopernicaImportOperator] = []
    outcome = waiting_run(operators, action="add", deferrable=deferrable).run()
    assert outcome.xcom["return_value"] == outcome.result == 1
    assert operators[-1].do_xcom_push is False


def test_on_airflow_3_3_a_killed_task_may_be_retried(copernica_emulator: Emulator) -> None:
    """The store remembers the import, so that a retry reconnects."""
    operator = task(action="add", wait_for_completion=False)
    assert TaskRun(lambda: operator).run().state == "success"
    operator.on_kill()


def test_an_execution_timeout_while_sending_is_not_idempotent(copernica_emulator: Emulator) -> None:
    """With a store it is remembered as reported, so that the first clear may send again."""
    copernica_emulator.fail("imports", Fault.TIMEOUT_AFTER, seconds=30)
    operators: list[CopernicaImportOperator] = []
    run = waiting_run(operators, action="add")
    run = TaskRun(run.make_task)
    with interrupted(lambda _: len(copernica_emulator.imports) == 1, on_time_out, operators):
        outcome = run.run()
    assert (outcome.state, outcome.attempts) == ("failed", 1)
    assert "interrupted while it was sent (AirflowTaskTimeout)" in str(outcome.error)
    assert "look for it in Copernica" in str(outcome.error)
    run.clear()
    assert run.run().state == "success"
