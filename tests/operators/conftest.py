"""Where an operator waits."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["worker", "triggerer"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Where it waits."""
    return bool(request.param == "triggerer")
