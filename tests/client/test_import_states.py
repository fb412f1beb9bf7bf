"""What a status amounts to: each word, each phrase, and the runs of a periodic import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from airflow_provider_copernica.client.import_states import (
    BUSY_WORDS,
    FAILED_WORDS,
    FINISHED_WORDS,
    IDLE_WORDS,
    ImportState,
    RunWatcher,
    is_known_word,
    parse_moment,
    state_of,
)
from airflow_provider_copernica.client.settings import StatusWords

BUSY, FINISHED, FAILED = ImportState.BUSY, ImportState.FINISHED, ImportState.FAILED
MOMENT = datetime(2026, 6, 1, 10, tzinfo=UTC)
OLDER, NEWER = "2026-06-01 11:00:00", "2026-06-01 14:00:00"  # 09:00 and 12:00 UTC


@dataclass(frozen=True)
class Status:
    """As much of a status as its state depends on."""

    status: str
    total_lines: int | None = None
    processed_lines: int | None = None
    last_run: str | None = None
    last_error: str | None = None


# to the letter: a word that leaves one of these sets changes how an import ends
WORDS = {
    FINISHED: "finished done completed complete imported success successful succeeded voltooid afgerond klaar gereed",
    FAILED: "failed failure error cancelled canceled aborted stopped rejected timed_out timeout "
    "mislukt fout geannuleerd afgebroken gestopt geweigerd",
    BUSY: "running busy processing importing downloading started starting in_progress active "
    "downloaden bezig importeren",
}
IDLE = (
    "ready_for_start ready new waiting queued pending paused scheduled "
    "klaar_voor_start nieuw wachten gepauzeerd gepland"
)
EVERY_WORD = [(word, state) for state, words in WORDS.items() for word in words.split()]


def test_the_sets_of_words_are_these() -> None:
    sets = {FINISHED: FINISHED_WORDS, FAILED: FAILED_WORDS, BUSY: BUSY_WORDS}
    for state, words in WORDS.items():
        assert {word.replace("_", " ") for word in words.split()} == sets[state]
    assert {word.replace("_", " ") for word in IDLE.split()} | {""} == IDLE_WORDS


@pytest.mark.parametrize("spell", [str, str.upper, str.title, lambda word: f" {word.replace('_', '-')} "])
@pytest.mark.parametrize(("word", "state"), EVERY_WORD)
def test_a_known_word_decides_whatever_the_counts_say(word: str, state: ImportState, spell: type[str]) -> None:
    assert state_of(Status(spell(word))) is state
    assert state_of(Status(spell(word), 5, 5, OLDER)) is state
    assert is_known_word(spell(word))


@pytest.mark.parametrize("word", ["", *IDLE.split(), "frobnicated"])
def test_an_idle_or_unknown_word_decides_nothing_by_itself(word: str) -> None:
    assert state_of(Status(word)) is BUSY
    assert state_of(Status(word, 5, 5)) is BUSY, "it never ran"
    assert state_of(Status(word, None, None, OLDER)) is BUSY, "nothing is known of its lines"
    assert state_of(Status(word, 0, 0, OLDER)) is BUSY
    assert state_of(Status(word, 1, None, OLDER)) is BUSY, "nothing is known of its one line"
    assert state_of(Status(word, 5, 4, OLDER)) is BUSY
    assert state_of(Status(word, 5, 5, OLDER)) is FINISHED
    assert is_known_word(word) is (word != "frobnicated")


@pytest.mark.parametrize(
    "phrase",
    [
        "finished with errors",
        "Partially failed",
        "partially-completed",
        "import afgebroken door gebruiker",
        "klaar met fouten",
        "stopped by user",
        "cancelled by admin",
        "gedeeltelijk verwerkt",
        "incomplete import",
    ],
)
def test_a_phrase_with_a_word_of_failure_never_ends_well(phrase: str) -> None:
    assert state_of(Status(phrase)) is BUSY, "an unknown phrase does not end the waiting by itself"
    assert state_of(Status(phrase, 5, 5, OLDER)) is FAILED
    assert RunWatcher(MOMENT).state(Status(phrase, 5, 5, NEWER)) is FAILED


@pytest.mark.parametrize("phrase", ["finished without errors", "0 errors", "geen fouten", "no failures", "unstoppable"])
def test_a_phrase_that_denies_failure_may_end_well(phrase: str) -> None:
    assert state_of(Status(phrase, 5, 5, OLDER)) is FINISHED


def test_a_last_error_is_a_failure_whatever_the_word() -> None:
    assert state_of(Status("finished", 5, 5, OLDER, "Disk full")) is FAILED


def test_words_of_the_account_go_first() -> None:
    words = StatusWords(finished=("Verwerkt", "stopped"), failed=("kapot",), busy=("aan het werk", "klaar"))
    assert state_of(Status("VERWERKT"), words) is FINISHED
    assert state_of(Status("stopped"), words) is FINISHED
    assert state_of(Status("kapot"), words) is FAILED
    assert state_of(Status("aan-het-werk", 5, 5, OLDER), words) is BUSY
    assert state_of(Status("klaar"), words) is BUSY
    assert is_known_word("kapot", words)
    assert not is_known_word("kapot")
    assert RunWatcher(MOMENT, words).state(Status("verwerkt", last_run=NEWER)) is FINISHED


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status("scheduled", 5, 5, NEWER), FINISHED),
        (Status("waiting", 5, 5, NEWER), FINISHED),
        (Status("paused", 5, 5, NEWER), FINISHED),
        (Status("scheduled", 0, 0, NEWER), FINISHED),
        (Status("scheduled", None, None, NEWER), FINISHED),
        (Status("scheduled", 5, None, NEWER), FINISHED),
        (Status("scheduled", 5, 4, NEWER), BUSY),
        (Status("scheduled", 5, 5, OLDER), BUSY),
        (Status("frobnicated", 5, 5, NEWER), FINISHED),
        (Status("frobnicated", 0, 0, NEWER), BUSY),
        (Status("frobnicated", None, None, NEWER), BUSY),
        (Status("running", 5, 5, NEWER), BUSY),
        (Status("failed", 5, 5, NEWER), FAILED),
        (Status("failed", 5, 5, OLDER), BUSY),
        (Status("finished", 5, 5, NEWER, "Disk full"), FAILED),
        (Status("finished", 5, 5, OLDER, "Disk full"), BUSY),
        (Status("finished", 5, 5, "one fine day"), BUSY),
    ],
)
def test_only_runs_after_the_moment_count(status: Status, state: ImportState) -> None:
    assert RunWatcher(MOMENT).state(status) is state


def test_a_last_run_that_changes_while_we_look_is_a_new_run() -> None:
    watcher = RunWatcher(MOMENT)
    assert watcher.state(Status("finished", 5, 5, "one fine day")) is BUSY
    assert watcher.state(Status("finished", 5, 5, "another fine day")) is FINISHED
    assert watcher.state(Status("finished", 5, 5, "another fine day")) is FINISHED


def test_a_change_before_the_moment_is_not_a_new_run() -> None:
    watcher = RunWatcher(MOMENT)
    before = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    assert watcher.state(Status("finished", last_run="2026-06-01 09:00:00"), before) is BUSY
    assert watcher.state(Status("finished", last_run=OLDER), before) is BUSY
    assert watcher.state(Status("finished", last_run=OLDER)) is BUSY


class TestTheHourThatComesTwice:
    """On 2026-10-25 in Amsterdam 02:30 is 00:30 UTC, and 01:30 UTC an hour later."""

    asked = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    run = Status("finished", 5, 5, "2026-10-25 02:30:00")

    def test_a_run_of_the_second_hour_is_seen(self) -> None:
        assert RunWatcher(self.asked).state(self.run, datetime(2026, 10, 25, 1, 31, tzinfo=UTC)) is FINISHED

    def test_a_moment_in_the_future_is_not_meant(self) -> None:
        watcher = RunWatcher(self.asked)
        assert watcher.state(self.run, datetime(2026, 10, 25, 0, 50, tzinfo=UTC)) is BUSY
        # the same text is the same run, however late it is
        assert watcher.state(self.run, datetime(2026, 10, 25, 3, tzinfo=UTC)) is BUSY

    def test_a_naive_moment_is_the_earlier_one(self) -> None:
        assert parse_moment("2026-10-25 02:30:00") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_the_hour_that_is_left_out_in_spring(self) -> None:
        moment = parse_moment("2026-03-29 02:30:00", not_after=datetime(2026, 4, 1, tzinfo=UTC))
        assert moment == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newer_than", "last_run", "state"),
    [
        # Copernica writes whole seconds
        (datetime(2026, 6, 1, 10, 0, 0, 700_000, tzinfo=UTC), "2026-06-01 12:00:00", FINISHED),
        (datetime(2026, 6, 1, 10, 0, 0, tzinfo=UTC), "2026-06-01 12:00:00", BUSY),
        (datetime(2026, 6, 1, 10, 0, 0, 700_000, tzinfo=UTC), "2026-06-01 11:59:59", BUSY),
        (datetime(2026, 6, 1, 10, 0, 0, 700_000, tzinfo=UTC), "2026-06-01 12:00:01", FINISHED),
    ],
)
def test_fractions_of_a_second(newer_than: datetime, last_run: str, state: ImportState) -> None:
    assert RunWatcher(newer_than).state(Status("finished", last_run=last_run)) is state


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260131", datetime(2026, 1, 30, 23, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 30, 23, tzinfo=UTC)),
        ("2026-01-31 06:00:00", datetime(2026, 1, 31, 5, tzinfo=UTC)),
        ("20260131T060000", datetime(2026, 1, 31, 6, tzinfo=UTC)),  # {{ ts_nodash }}
        ("20260131T060000+0200", datetime(2026, 1, 31, 4, tzinfo=UTC)),
        ("2026-01-31T06:00:00+00:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        ("1769839200", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        ("soon", None),
        ("99999999999999999999", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment
