"""
An in-memory Copernica, to try and to test without an account.

It was written from Copernica's public documentation, not from the real thing: where that is silent, it does the
simplest thing, and says so in its comments.
"""

from __future__ import annotations

from airflow_provider_copernica.emulator.emulator import Emulator
from airflow_provider_copernica.emulator.faults import Fault
from airflow_provider_copernica.emulator.server import run_emulator

__all__ = ["Emulator", "Fault", "run_emulator"]
