"""The secrets that this process's Airflow hides."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType


def forget_secrets() -> None:
    """
    Starts afresh, as a new process does; with every further secret Airflow compiles all that it knows once more.

    The module is elsewhere in each version, and Airflow 3 has several of them.
    """
    for module in _maskers(len(sys.modules)):
        masker = module._secrets_masker()
        masker.patterns, masker.replacer = set(), None


@cache
def _maskers(_modules: int) -> list[ModuleType]:
    """Of as many modules as there are: looking through them takes a millisecond."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.endswith("secrets_masker") and hasattr(module, "_secrets_masker")
    ]
