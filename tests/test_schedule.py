"""Which tests share a process."""

from __future__ import annotations

from collections import Counter

from support.schedule import CHUNK, units


def test_tests_of_a_named_file_share_a_unit_or_have_their_own_and_others_come_in_pieces() -> None:
    dag_runs = [f"tests/dags/test_runs.py::test_{number}" for number in range(50)]
    matrix = [f"tests/test_fault_matrix.py::test_{number}" for number in range(3)]
    others = [f"tests/test_others.py::test_{number}" for number in range(2 * CHUNK + 1)]
    found = units([*others, *matrix, *dag_runs])
    assert list(dict.fromkeys(found.values())) == [
        "computing DAG runs",
        *(f"waiting {name}" for name in matrix),
        *(f"computing tests/test_others.py {number}" for number in range(3)),
    ]
    assert Counter(found[name] for name in others).most_common()[0][1] == CHUNK
    assert len(found) == 50 + 3 + 2 * CHUNK + 1
