"""
The matrix: ``make test-matrix`` runs the tests on every pair of an Airflow line and a Python that go together.

``make`` makes each pair's environment, with uv and the constraints of the Airflow line; nox only knows which pairs
there are. One of them: ``make test-matrix ARGS='--session "tests(airflow=3.1, python=3.13)"'``.
"""

from __future__ import annotations

from itertools import product

import nox

AIRFLOW_LINES = ("2.11", "3.0", "3.1", "3.2", "3.3")
PYTHONS = ("3.11", "3.12", "3.13")
# the reason why a pair is not supported
EXCLUDED = {
    ("2.11", "3.13"): "Airflow 2.11 supports Python up to 3.12",
    ("3.0", "3.13"): "Airflow 3.0 supports Python up to 3.12",
}
PAIRS = [pair for pair in product(AIRFLOW_LINES, PYTHONS) if pair not in EXCLUDED]

nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = False


@nox.session
@nox.parametrize("airflow, python", PAIRS, ids=[f"airflow={line}, python={python}" for line, python in PAIRS])
def tests(session: nox.Session, airflow: str, python: str) -> None:
    """All tests on one pair; words after ``--`` go to make in place of the targets."""
    targets = session.posargs or ("unit-slow",)
    # ARGS are meant for nox
    session.run(
        "make", f"LINE={airflow}", f"PYTHON={python}", *targets, env={"MAKEFLAGS": None, "ARGS": None}, external=True
    )
