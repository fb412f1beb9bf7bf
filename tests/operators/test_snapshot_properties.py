"""
Whatever fails, and whatever overlaps: what a snapshot takes for held is what the database holds.

The steps of an import run as they do in a task, against a storage and a Copernica in memory; each of their calls to
either may fail before or after its effect, or be the last that a worker does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.memory_storage import KilledError, MemoryStorage

from airflow_provider_copernica.client.import_states import ImportState
from airflow_provider_copernica.exceptions import CopernicaApiError, CopernicaError
from airflow_provider_copernica.operators._snapshot import SnapshotStep
from airflow_provider_copernica.operators.removed_rows import RemovalStep
from airflow_provider_copernica.payload.body import prepare_import
from airflow_provider_copernica.payload.option_arguments import Limit
from airflow_provider_copernica.payload.parameters import read_parameters
from airflow_provider_copernica.snapshot.removed import gone_rows
from airflow_provider_copernica.snapshot.settings import SnapshotSettings
from airflow_provider_copernica.snapshot.store import SnapshotFolder

pytestmark = pytest.mark.any_text

Source = dict[str, str]
# a failure is told within seconds; a smaller one is looked for, for minutes, where that is asked for
PHASES = list(Phase) if "SHRINK" in os.environ else [Phase.explicit, Phase.reuse, Phase.generate]
BASE = "https://api.copernica.com"


@dataclass
class Import:
    """An import of the model: what is left of it to do, and how it will end."""

    action: str
    rows: list[dict[str, str]]
    fails: bool
    state: ImportState = ImportState.BUSY


@dataclass
class Copernica:
    """A Copernica of one database; an import is carried out when :meth:`run` is called."""

    profiles: Source = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)
    unavailable: bool = False

    def post(self, body: bytes, *, fails: bool) -> int:
        assert all(each.state is not ImportState.BUSY for each in self.imports), "two imports at once"
        request = json.loads(body)
        self.imports.append(Import(request["action"], request["source"], fails))
        return len(self.imports)

    def run(self) -> None:
        """Carry out everything that waits; half of what fails."""
        for each in self.imports:
            if each.state is ImportState.BUSY:
                for row in each.rows[: len(each.rows) // 2 if each.fails else None]:
                    if each.action == "delete":
                        self.profiles.pop(row["Email"], None)
                    else:
                        self.profiles[row["Email"]] = row["City"]
                each.state = ImportState.FAILED if each.fails else ImportState.FINISHED

    def get_import(self, import_id: int) -> object:
        if self.unavailable:
            raise CopernicaApiError("Copernica is away", status_code=503)
        return SimpleNamespace(import_id=import_id, state=self.imports[import_id - 1].state)


@dataclass
class World:
    """All that runs have in common."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    copernica: Copernica = field(default_factory=Copernica)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    hands_over: bool = False

    def folder(self, _: SnapshotSettings) -> SnapshotFolder:
        return SnapshotFolder(self.storage, "bucket/folder", "memory", pause=lambda _: None)

    def step(self, run: str, kind: type[Any], task: str) -> Any:
        options = SnapshotSettings(
            "memory://folder",
            max_removed=Limit(1_000),
            on_removed="hand_over" if self.hands_over else "ignore",
        )
        context = {"ti": SimpleNamespace(dag_id="dag", task_id=task, map_index=-1), "run_id": run}
        return kind(options, context, lambda: self.now, self.folder)

    @property
    def hook(self) -> Any:
        return SimpleNamespace(settings=SimpleNamespace(base_url=BASE), get_import=self.copernica.get_import)


def parameters_of(rows: list[dict[str, str]], action: str) -> Any:
    return read_parameters({"database": 1, "action": action, "key_fields": ["Email"], "source": rows})


def sync(world: World, run: str, source: Source, *, fails: bool = False) -> Iterator[str]:
    """The run of an import, which pauses wherever another one may come between."""
    step = world.step(run, SnapshotStep, "load")
    parameters = parameters_of([{"Email": key, "City": city} for key, city in source.items()], "update or add")
    yield "begin"
    with prepare_import(parameters, steps=[step.row_step(world.hook, parameters)]) as body:
        yield "rows"
        step.after_rows(body.report, None)
        if not body.report.sent:
            step.without_post()
            return
        yield from send(world, step, parameters, body, fails=fails)


def removal(world: World, run: str, *, fails: bool = False) -> Iterator[str]:
    """The run of the task that removes gone rows."""
    step = world.step(run, RemovalStep, "remove")
    yield "begin"
    gone = step.open(world.hook, 1, ())
    parameters = parameters_of(list(gone_rows(gone.records, ("Email",), {}, gone.rows.has)), "delete")
    with prepare_import(parameters) as body:
        yield "rows"
        yield from send(world, step, parameters, body, fails=fails)


def send(world: World, step: Any, parameters: Any, body: Any, *, fails: bool) -> Iterator[str]:
    """From the pointer to the end."""
    kept = step.before_post(world.hook, parameters, body.report, None)
    step.close()
    yield "pointer"
    import_id = world.copernica.post(body.file.read(), fails=fails)
    yield "posted"
    step.after_post(import_id, kept)
    yield "noted"
    world.copernica.run()
    status = world.copernica.imports[import_id - 1]
    if status.state is ImportState.FAILED:
        raise CopernicaError("It failed")
    yield "finished"
    step.after_end(world.hook, SimpleNamespace(import_id=import_id), kept, None, None)


def to_end(run: Iterator[str], stop_at: str = "") -> bool:
    """Let a run go on to its end; False if it failed, or was killed where it is to stop."""
    try:
        return all(place != stop_at for place in run)
    except (CopernicaError, KilledError):
        return False
    except AirflowSkipException:
        return True


def failing(world: World, number: int, make: Callable[[], BaseException], moment: str) -> None:
    """Let the n-th operation of the storage fail before or after its effect, or leave half a file behind."""
    left = [number]

    def count(operation: str, path: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise make()

    def tear(operation: str, path: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            world.storage.files[path] = world.storage.files[path][: len(world.storage.files[path]) // 2]
            raise KilledError

    world.storage.before = world.storage.after = lambda operation, path: None
    if number and moment == "torn":
        world.storage.after = tear
    elif number:
        setattr(world.storage, moment, count)


sources = st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from("xyz"), min_size=1)


def failures(*moments: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "number": st.integers(0, 7),
            "make": st.sampled_from([partial(OSError, "storage"), KilledError]),
            "moment": st.sampled_from(moments),
        }
    )


places = st.sampled_from(["", "", "", "rows", "pointer", "posted", "noted", "finished"])


def attempts(*moments: str) -> st.SearchStrategy[Any]:
    each = st.tuples(sources, st.booleans(), failures(*moments), places, st.booleans(), st.booleans())
    return st.lists(each, min_size=1, max_size=5)


@settings(max_examples=100, phases=PHASES)
@given(attempts("before", "after", "torn"), sources)
def test_after_any_failures_a_green_run_leaves_the_database_as_its_source(rounds: Any, last: Source) -> None:
    world = World()
    for number, (source, fails, failure, stop_at, same_run, is_away) in enumerate(rounds):
        world.now += timedelta(minutes=1 if same_run else 90)
        world.copernica.unavailable = is_away and number % 2 == 1
        failing(world, **failure)
        is_green = to_end(sync(world, "run" if same_run else f"run {number}", source, fails=fails), stop_at)
        world.copernica.run()
        if is_green:
            assert {key: world.copernica.profiles.get(key) for key in source} == source
    failing(world, 0, KilledError, "before")
    world.copernica.unavailable = False
    world.now += timedelta(minutes=90)
    assert to_end(sync(world, "last", last))
    assert {key: world.copernica.profiles.get(key) for key in last} == last


@settings(max_examples=100, phases=PHASES)
@given(attempts("before", "after"), sources)
def test_with_a_task_that_removes_rows_the_database_is_the_source(rounds: Any, last: Source) -> None:
    world = World(hands_over=True)
    assert to_end(sync(world, "first", last))
    for number, (source, fails, failure, stop_at, is_removal, _) in enumerate(rounds):
        world.now += timedelta(minutes=90)
        failing(world, **failure)
        run = f"run {number}"
        to_end(removal(world, run, fails=fails) if is_removal else sync(world, run, source, fails=fails), stop_at)
        world.copernica.run()
    failing(world, 0, KilledError, "before")
    world.now += timedelta(minutes=90)
    assert to_end(sync(world, "last", last))
    assert to_end(removal(world, "last"))
    assert world.copernica.profiles == last


@settings(max_examples=100, phases=PHASES)
@given(st.data(), st.booleans())
def test_runs_interleaved_at_random(data: Any, hands_over: bool) -> None:
    world = World(hands_over=hands_over)
    assert to_end(sync(world, "first", data.draw(sources)))
    wanted = {run: data.draw(sources) for run in ("one", "two", "three")}
    running = {run: sync(world, run, source, fails=data.draw(st.booleans())) for run, source in wanted.items()}
    if hands_over:
        running["removal"] = removal(world, "removal", fails=data.draw(st.booleans()))
        wanted["removal"] = {}
    stops = {run: data.draw(places) for run in running}
    posted: list[str] = []
    while running:
        run = data.draw(st.sampled_from(sorted(running)))
        if data.draw(st.sampled_from([True, False, False, False])):
            world.copernica.run()
        for _ in range(data.draw(st.integers(1, 4))):
            before = len(world.copernica.imports)
            try:
                place = next(running[run])
            except StopIteration:
                del running[run]
                if not posted or posted[-1] == run:
                    assert {key: world.copernica.profiles.get(key) for key in wanted[run]} == wanted[run]
                break
            except (CopernicaError, AirflowSkipException):
                del running[run]
                break
            posted += [run] * (len(world.copernica.imports) - before)
            if place == stops[run]:
                running.pop(run).close()  # type: ignore[attr-defined]  # a generator
                break
    world.copernica.run()
    world.now += timedelta(minutes=90)
    last = data.draw(sources)
    assert to_end(sync(world, "last", last))
    assert {key: world.copernica.profiles.get(key) for key in last} == last
    if hands_over:
        assert to_end(removal(world, "last"))
        assert world.copernica.profiles == last
