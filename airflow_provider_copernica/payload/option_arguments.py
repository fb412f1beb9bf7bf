"""The arguments of an option of an import, such as ``Rejects``: checked while a DAG is parsed, read as rendered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.parameters import hint_at_template, is_unknown

__all__ = ["Limit", "OptionArguments", "or_none", "to_limit"]

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)\s*%")

Convert = Callable[[object], object]


@dataclass(frozen=True)
class OptionArguments:
    """
    The arguments of one option.

    :param option: the name of the operator's argument: ``rejects``.
    :param offer: how a DAG's author writes it: ``Rejects(path)``.
    :param converters: the type of each argument, as a function that raises ValueError with the tail of "path ...".
    :param defaults: of arguments that need not be given.
    """

    option: str
    offer: str
    converters: Mapping[str, Convert]
    defaults: Mapping[str, object]

    def check(self, given: Mapping[str, object]) -> None:
        """
        Check what is literal, before anything is rendered.

        :param given: the arguments by name.
        :raises CopernicaArgumentError: naming all that is wrong already.
        """
        self._convert({name: value for name, value in given.items() if not is_unknown(value)})

    def read(self, given: object) -> dict[str, object]:
        """
        Convert the arguments as they were rendered: a plain dict by then.

        :param given: the arguments by name.
        :return: all of them, each as its converter gives it.
        :raises CopernicaArgumentError: naming all that is wrong.
        """
        if not isinstance(given, Mapping):
            raise CopernicaArgumentError(
                f"{self.option} is a {type(given).__name__}: give {self.offer}, from airflow_provider_copernica.options"
            )
        return self._convert({**dict.fromkeys(self.converters), **self.defaults, **given})

    def _convert(self, given: Mapping[str, object]) -> dict[str, object]:
        values: dict[str, object] = {}
        problems = []
        for name, value in given.items():
            if name not in self.converters:
                known = ", ".join(self.converters)
                problems.append(f"{self.option} has no argument {str(name)[:40]!r}: there are {known}")
                continue
            try:
                values[name] = self.converters[name](value)
            except ValueError as error:
                problems.append(f"{self.option}: {name} {error}{hint_at_template(value)}")
        if problems:
            raise CopernicaArgumentError(*problems)
        return values


@dataclass(frozen=True)
class Limit:
    """
    How many of something there may be.

    :param number: this many at most; or None.
    :param percent: this share of the whole at most; used where ``number`` is None.
    """

    number: int | None = 0
    percent: Decimal = Decimal(0)

    def allows(self, count: int, whole: int) -> bool:
        """
        Tell whether it is not exceeded.

        :param count: how many there are.
        :param whole: what a share is a share of.
        """
        if self.number is not None:
            return count <= self.number
        return 100 * count <= self.percent * whole

    def __str__(self) -> str:
        return f"{self.number:,}" if self.number is not None else f"{self.percent}%"


def to_limit(what: str) -> Convert:
    """
    Return the converter of a limit: a number, or a share such as ``"1%"``.

    :param what: is counted: ``rows``.
    """

    def convert(value: object) -> Limit:
        share = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
        if share and Decimal(share[1]) <= 100:
            return Limit(None, Decimal(share[1]))
        try:
            return Limit(to_count(value, least=0))
        except ValueError as error:
            raise ValueError(f"must be a number of {what}, like 20, or a share of them, like '1%'") from error

    return convert


def or_none(convert: Convert) -> Convert:
    """
    Return a converter that leaves None as it is, for an argument that need not be given.

    :param convert: for anything else.
    """
    return lambda value: None if value is None else convert(value)
