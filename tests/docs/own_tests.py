"""Tests as users of the package write them; ``test_own_tests.py`` gives them the Airflow that users have."""

from __future__ import annotations

# [START own_test]
import subprocess

from airflow_provider_copernica.emulator import Emulator


def test_first_import(
    copernica_emulator: Emulator,
    copernica_connection: str,
) -> None:
    subprocess.run(["airflow", "dags", "test", "first_import"], check=True)

    profiles = copernica_emulator.profiles(1)
    emails = [profile["fields"]["Email"] for profile in profiles]
    assert emails == ["noor@example.com", "senna@example.com"]
    # [END own_test]


def test_own_database(copernica_emulator: Emulator) -> None:
    # [START own_database]
    shop = copernica_emulator.add_database(
        "Shop",
        {"Email": "email", "Since": "empty_date"},
        collections={"Order": ["OrderID", "Status"]},
        interests=["Newsletter"],
    )
    copernica_emulator.add_profile(
        shop,
        {"Email": "noor@example.com"},
        {"Order": [{"OrderID": "1"}]},
    )
    # [END own_database]
    (profile,) = copernica_emulator.profiles(shop)
    assert len(profile["subprofiles"]["Order"]) == 1


def test_busy(copernica_emulator: Emulator, copernica_connection: str) -> None:
    # [START faults]
    from airflow_provider_copernica.emulator import Fault

    copernica_emulator.fail("imports", Fault.RATE_LIMIT, times=2, retry_after=1)
    copernica_emulator.fail("import", Fault.UNAVAILABLE_503_HTML, times=3)
    # [END faults]
    from airflow_provider_copernica.hooks.copernica import CopernicaHook

    hook = CopernicaHook(copernica_connection)
    import_id = hook.create_import(database=1, action="add", source=[{"Email": "noor@example.com"}])
    hook.wait_for_import(import_id, poll_interval=0.1)
    assert len(copernica_emulator.profiles(1)) == 1
