"""Arguments by name: one definition for signatures and type checkers, and a clear word when a DAG misspells one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseOperator, BaseSensorOperator, task
from support.dagrun import AIRFLOW_3_3

from airflow_provider_copernica import arguments
from airflow_provider_copernica.decorators.copernica import copernica_import_task
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor
from airflow_provider_copernica.transfers.object_storage_to_copernica import ObjectStorageToCopernicaOperator
from airflow_provider_copernica.transfers.sql_to_copernica import SqlToCopernicaOperator

# only the operator's own: a transfer has rows and perhaps formats of its own
OF_OPERATOR = {"task_id", "source", "location", "format", "delimiter"}
# of Airflow 2 only, and deprecated there
GONE = {"task_concurrency"}
SECRET = "hunter2"
IMPORT: dict[str, Any] = {"database": 1, "action": "add"}


def signature(operator: type) -> dict[str, str]:
    """Return the named arguments of a class, and their types as they are written."""
    parameters = inspect.signature(vars(operator)["__init__"]).parameters.values()
    return {each.name: each.annotation for each in parameters if each.kind is each.KEYWORD_ONLY}


def added(typed_dict: Any, base: Any) -> dict[str, str]:
    """Return the arguments that a TypedDict adds to another, and their types as they are written."""
    names = typed_dict.__annotations__.keys() - base.__annotations__.keys()
    written = {name: typed_dict.__annotations__[name].__forward_arg__ for name in names}
    return {name: re.sub(r"^Required\[(.*)\]$", r"\1", text) for name, text in written.items()}


def test_what_is_passed_on_has_the_types_of_the_operator() -> None:
    own = {name: text for name, text in signature(CopernicaImportOperator).items() if name not in OF_OPERATOR}
    assert added(arguments.ImportArguments, arguments.TaskArguments) == own


@pytest.mark.parametrize(
    ("typed_dict", "operator"),
    [(arguments.TaskArguments, BaseOperator), (arguments.SensorArguments, BaseSensorOperator)],
)
def test_type_checkers_know_every_argument_of_airflow(typed_dict: Any, operator: type) -> None:
    names = signature(operator).keys() - {"task_id"} - GONE
    assert names <= typed_dict.__annotations__.keys()


@pytest.mark.skipif(not AIRFLOW_3_3, reason="earlier versions lack some of them")
def test_type_checkers_know_no_argument_that_airflow_does_not_have() -> None:
    assert arguments.TaskArguments.__annotations__.keys() <= signature(BaseOperator).keys()


MAKERS: dict[str, Callable[..., object]] = {
    "CopernicaImportOperator": lambda **given: CopernicaImportOperator(task_id="t", source=[], **IMPORT, **given),
    "SqlToCopernicaOperator": lambda **given: SqlToCopernicaOperator(
        task_id="t", sql="SELECT 1", sql_conn_id="c", **IMPORT, **given
    ),
    "ObjectStorageToCopernicaOperator": lambda **given: ObjectStorageToCopernicaOperator(
        task_id="t", path="file:///x.csv", **IMPORT, **given
    ),
    "CopernicaImportSensor": lambda **given: CopernicaImportSensor(task_id="t", import_id=1, **given),
    "@task.copernica_import": lambda **given: copernica_import_task(**IMPORT, **given)(list),
}


@pytest.mark.parametrize("operator", MAKERS)
@pytest.mark.parametrize(
    ("name", "hint"),
    [("retris", "write 'retries'"), ("copernica_con_id", "write 'copernica_conn_id'"), ("xyzzy", "leave it out")],
)
def test_a_misspelt_argument_is_named_without_its_value(operator: str, name: str, hint: str) -> None:
    with pytest.raises(CopernicaArgumentError) as caught:
        MAKERS[operator](**{name: SECRET})
    assert f"{operator} has no argument {name!r}: {hint}" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_misspelt_argument_comes_before_the_one_that_is_missing() -> None:
    with pytest.raises(
        CopernicaArgumentError, match="SqlToCopernicaOperator has no argument 'databse': write 'database'"
    ):
        SqlToCopernicaOperator(task_id="t", sql="SELECT 1", sql_conn_id="c", databse=1, action="add")  # type: ignore[call-arg]  # meant


def test_the_decorator_of_airflow_names_it_too() -> None:
    with pytest.raises(CopernicaArgumentError, match="write 'min_records'"):
        task.copernica_import(**IMPORT, min_record=3)(list)  # type: ignore[call-arg]  # meant


def test_a_subclass_has_arguments_of_its_own() -> None:
    class Nightly(CopernicaImportOperator):
        def __init__(self, *, region: str, **given: Any) -> None:
            super().__init__(**given)
            self.region = region

    assert Nightly(task_id="t", region="nl", source=[{"Email": "a@example.com"}], **IMPORT).region == "nl"
    with pytest.raises(CopernicaArgumentError, match="Nightly has no argument 'regoin': write 'region'"):
        Nightly(task_id="t", region="nl", regoin="nl", source=[], **IMPORT)
