"""What a DAG's author asks with ``Verify``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_copernica.client.convert import to_count, to_text
from airflow_provider_copernica.payload.option_arguments import Limit, OptionArguments, or_none, to_limit

__all__ = ["VerifySettings", "check_verify_settings", "read_verify_settings"]

# each row of the sample costs a call, and calls are billed
_MAX_SAMPLE = 1_000
_ON_DIFFERENCE = ("fail", "warn")


@dataclass(frozen=True)
class VerifySettings:
    """
    How the database is looked at after an import.

    :param sample: how many rows are read back; 0 for none.
    :param on_difference: ``fail`` or ``warn``.
    :param max_removed: how many (sub)profiles may be gone afterwards; None for any number.
    """

    sample: int
    on_difference: str
    max_removed: Limit | None

    @property
    def fails(self) -> bool:
        """Return whether a difference fails the task; else it is a warning."""
        return self.on_difference == "fail"


def check_verify_settings(given: Mapping[str, object]) -> None:
    """
    Check what is literal, before anything is rendered.

    :param given: the arguments of ``Verify``.
    :raises CopernicaArgumentError: naming all that is wrong already.
    """
    _ARGUMENTS.check(given)


def read_verify_settings(given: object) -> VerifySettings:
    """
    Read the arguments of ``Verify`` as they were rendered: a plain dict by then.

    :param given: the arguments by name.
    :raises CopernicaArgumentError: naming all that is wrong.
    """
    return VerifySettings(**_ARGUMENTS.read(given))  # type: ignore[arg-type]  # each was converted to its type


def _sample(value: object) -> int:
    try:
        number = to_count(value, least=0)
    except ValueError:
        number = -1
    if not 0 <= number <= _MAX_SAMPLE:
        raise ValueError(f"must be a whole number from 0 to {_MAX_SAMPLE:,}")
    return number


def _on_difference(value: object) -> str:
    word = to_text(value).strip().lower()
    if word not in _ON_DIFFERENCE:
        raise ValueError("must be 'fail' or 'warn'")
    return word


_ARGUMENTS = OptionArguments(
    "verify",
    "Verify()",
    converters={"sample": _sample, "on_difference": _on_difference, "max_removed": or_none(to_limit("profiles"))},
    defaults={"sample": 20, "on_difference": "fail"},
)
