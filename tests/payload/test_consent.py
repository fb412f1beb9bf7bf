"""Which imports would undo what people chose by unsubscribing."""

from __future__ import annotations

import pytest

from airflow_provider_copernica.payload.consent import UnsubscribeBehaviour, consent_warning, may_undo_unsubscribing
from airflow_provider_copernica.payload.parameter_rules import ACTIONS
from airflow_provider_copernica.payload.parameters import read_parameters

COLUMNS = ("Email", "newsletter", "City")
UPDATE = UnsubscribeBehaviour("update", ("Newsletter",))


def warning(action: str, unsubscribe: UnsubscribeBehaviour, columns: tuple[str, ...] = COLUMNS) -> str:
    parameters = read_parameters({"database": 7, "action": action, "key_fields": ["Email"], "source": []})
    return consent_warning(parameters, columns, unsubscribe) or ""


@pytest.mark.parametrize("action", ACTIONS)
def test_a_column_that_unsubscribing_updates(action: str) -> None:
    found = warning(action, UPDATE)
    if action in ("update", "update or add"):
        assert f"The action '{action}' may undo what people chose" in found
        assert "database 7" in found
        assert found.endswith("(Columns: 'newsletter')")
    else:
        assert found == ""


@pytest.mark.parametrize("action", ACTIONS)
def test_profiles_that_unsubscribing_removes(action: str) -> None:
    found = warning(action, UnsubscribeBehaviour("remove"))
    if action in ("add", "update or add", "ignore or add"):
        assert f"The action '{action}' may add people again who unsubscribed: database 7" in found
    else:
        assert found == ""


def test_every_column_is_named_and_none_that_looks_like_data() -> None:
    unsubscribe = UnsubscribeBehaviour("update", ("Newsletter", "CITY", "06 12345678", "Other"))
    found = warning("update", unsubscribe, (*COLUMNS, "06 12345678"))
    assert found.endswith("(Columns: 'newsletter', 'City', (not shown, since it looks like data))")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("unsubscribe", "columns"),
    [
        (UnsubscribeBehaviour("nothing"), COLUMNS),
        (UnsubscribeBehaviour("nothing", ("Newsletter",)), COLUMNS),
        (UnsubscribeBehaviour("", ("Newsletter",)), COLUMNS),
        (UnsubscribeBehaviour("archive", ("Newsletter",)), COLUMNS),
        (UnsubscribeBehaviour("update"), COLUMNS),
        (UPDATE, ("Email", "City")),
        # an interest and a field of a collection are other columns
        (UPDATE, ("Email", "interest.Newsletter", "Child.Newsletter")),
    ],
)
def test_what_undoes_nothing(action: str, unsubscribe: UnsubscribeBehaviour, columns: tuple[str, ...]) -> None:
    assert warning(action, unsubscribe, columns) == ""


@pytest.mark.parametrize(
    ("reply", "behaviour"),
    [
        ({"behavior": "update", "fields": {"Newsletter": "no"}}, UPDATE),
        ({"Behavior": " Update ", "FIELDS": {"Newsletter": "no"}}, UPDATE),
        ({"behavior": "remove", "fields": {}}, UnsubscribeBehaviour("remove")),
        ({"behavior": "remove", "fields": []}, UnsubscribeBehaviour("remove")),
        ({"behavior": "nothing"}, UnsubscribeBehaviour("nothing")),
        ({"behavior": "update", "fields": "Newsletter"}, UnsubscribeBehaviour("update")),
        ({"behavior": None, "fields": None}, UnsubscribeBehaviour("none")),
        ({}, UnsubscribeBehaviour("")),
    ],
)
def test_replies(reply: dict[str, object], behaviour: UnsubscribeBehaviour) -> None:
    assert UnsubscribeBehaviour.from_api(reply) == behaviour


@pytest.mark.parametrize("action", ACTIONS)
def test_where_asking_is_worth_a_call(action: str) -> None:
    assert may_undo_unsubscribing(action, COLUMNS) is (action != "delete")
    assert may_undo_unsubscribing(action, ()) is False
