"""What Airflow's provider discovery reads, held against Airflow's own schemas."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager
from support.dagrun import AIRFLOW_3, AIRFLOW_3_3

from airflow_provider_copernica import __version__, get_provider_info
from airflow_provider_copernica.connection_form import EXTRA_FIELDS
from airflow_provider_copernica.hooks.copernica import CopernicaHook

RUNNING_LINE = ".".join(version("apache-airflow").split(".")[:2])
AIRFLOW = Path(find_spec("airflow").submodule_search_locations[0])  # type: ignore[union-attr,index]  # it is installed
CLASSES = ("hook-class-name", "class-name", "handler")


def schema(name: str) -> dict[str, object]:
    return json.loads((AIRFLOW / name).read_text())


def test_the_entry_point_leads_to_the_metadata() -> None:
    (entry,) = [e for e in entry_points(group="apache_airflow_provider") if e.value.startswith("airflow_provider_cop")]
    assert entry.load() is get_provider_info
    assert entry.dist is not None
    assert entry.dist.name == get_provider_info()["package-name"]
    assert entry.dist.version == __version__


def test_the_metadata_fits_the_runtime_schema() -> None:
    jsonschema.validate(get_provider_info(), schema("provider_info.schema.json"))


@pytest.mark.skipif(not AIRFLOW_3_3, reason="the newest Airflow knows every key; an older one ignores newer keys")
def test_every_key_is_one_that_airflow_knows() -> None:
    """The runtime schema lets misspelt keys pass, and Airflow ignores them; the schema of provider.yaml does not."""
    known = schema("provider.yaml.schema.json")["properties"]
    info = get_provider_info()
    for key in set(info) - {"package-name", "versions"}:
        assert key in known, key
        jsonschema.validate(info[key], {**known[key], "$schema": "http://json-schema.org/draft-07/schema#"})
    (connection,) = info["connection-types"]
    allowed = known["connection-types"]["items"]["properties"]
    assert set(connection) <= set(allowed)
    if "ui-field-behaviour" in allowed:
        assert set(connection["ui-field-behaviour"]) <= set(allowed["ui-field-behaviour"]["properties"])


def test_every_class_named_exists() -> None:
    def names(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [v for k, v in value.items() if k in CLASSES and isinstance(v, str)]
            return own + [name for v in value.values() for name in names(v)]
        return [name for v in value for name in names(v)] if isinstance(value, list) else []

    info = get_provider_info()
    found = names(info) + list(info["extra-links"])
    assert len(found) >= 2
    for name in found:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


def test_every_module_named_exists_and_none_is_left_out() -> None:
    info = get_provider_info()
    kinds = ("operators", "sensors", "hooks", "triggers")
    named = {name for kind in kinds for each in info[kind] for name in each["python-modules"]}  # type: ignore[attr-defined]  # lists
    named |= {each["python-module"] for each in info["transfers"]}  # type: ignore[attr-defined]  # a list
    package = importlib.import_module("airflow_provider_copernica").__path__[0]
    public = {
        f"airflow_provider_copernica.{folder}.{file.stem}"
        for folder in (*kinds, "transfers")
        for file in Path(package, folder).glob("[!_]*.py")
    }
    assert named == public


def test_airflow_discovers_the_connection_type() -> None:
    manager = ProvidersManager()
    assert "airflow-provider-copernica" in manager.providers
    hook = manager.hooks["copernica"]
    assert hook is not None
    assert (hook.connection_id_attribute_name, hook.hook_name) == ("copernica_conn_id", "Copernica")


def test_both_forms_come_from_one_description() -> None:
    (connection,) = get_provider_info()["connection-types"]
    behaviour = CopernicaHook.get_ui_field_behaviour()
    kebab = {key.replace("_", "-"): value for key, value in behaviour.items()}
    assert kebab == connection["ui-field-behaviour"]
    assert set(connection["conn-fields"]) == {field.name for field in EXTRA_FIELDS}
    pytest.importorskip("wtforms", reason="the widgets are for Airflow 2 only, which brings WTForms")
    assert set(CopernicaHook.get_connection_form_widgets()) == set(connection["conn-fields"])


def test_the_token_is_in_a_password_field_and_the_version_a_choice() -> None:
    (connection,) = get_provider_info()["connection-types"]
    assert connection["ui-field-behaviour"]["relabeling"]["password"] == "API access token"
    assert connection["conn-fields"]["api_version"]["schema"] == {"type": "integer", "default": 4, "enum": [4, 3]}
    for name in ("auth_host", "timeout", "proxy", "verify", "status_words"):
        assert "null" in connection["conn-fields"][name]["schema"]["type"], "or the form would require it"


@pytest.mark.skipif(not AIRFLOW_3, reason="Airflow 2 has no such service; its form is tested in the browser")
def test_the_form_that_airflow_3_sends_to_its_ui() -> None:
    """Made of metadata from 3.2 on, before that of the widgets, with stand-ins for WTForms."""
    code = (
        "from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService as service;"
        "print(*[form.model_dump_json() for form in service.hook_meta_data() if form.connection_type == 'copernica'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    form = json.loads(done.stdout.splitlines()[-1])
    if not form["standard_fields"]:
        assert RUNNING_LINE == "3.0"
        pytest.skip("Airflow 3.0 has plain forms only, unless the FAB provider is installed")
    assert form["standard_fields"]["password"]["title"] == "API access token"
    assert form["standard_fields"]["url_schema"]["hidden"]
    assert set(form["extra_fields"]) == {field.name for field in EXTRA_FIELDS}
    assert [str(choice) for choice in form["extra_fields"]["api_version"]["schema"]["enum"]] == ["4", "3"]


def loaded_by(statement: str, *, after: str = "") -> set[str]:
    """Names of modules that a process has loaded, without those of an earlier statement."""
    before = f"{after}; before = set(sys.modules)" if after else "before = set()"
    code = f"import sys; {before}; {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_discovery_imports_nothing_heavy() -> None:
    loaded = loaded_by("from airflow_provider_copernica import get_provider_info; get_provider_info()")
    assert not loaded & {"airflow", "requests", "aiohttp", "tenacity"}


def test_dags_do_not_pay_for_http() -> None:
    loaded = loaded_by(
        "import airflow_provider_copernica.operators.copernica, airflow_provider_copernica.sensors.copernica",
        after="from airflow.providers.common.compat.sdk import BaseOperator, conf, XComArg, BaseOperatorLink",
    )
    assert "airflow_provider_copernica.operators.copernica" in loaded
    assert not loaded & {"requests", "aiohttp", "tenacity", "yarl", "urllib3"}


def test_client_and_sources_import_no_airflow() -> None:
    modules = ["client.sync", "client.aio", "payload.body", "readers.files", "emulator"]
    loaded = loaded_by("; ".join(f"import airflow_provider_copernica.{module}" for module in modules))
    assert not [name for name in loaded if name == "airflow" or name.startswith("airflow.")]
