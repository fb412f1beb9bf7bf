"""
What unsubscribing does in a database, and whether an import would undo it.

Unsubscribing removes a profile, updates fields of it, or does nothing (``GET database/$id/unsubscribe``):
https://www.copernica.com/en/documentation/restv4/rest-get-database-unsubscribe
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_copernica.payload.columns import show_name
from airflow_provider_copernica.payload.parameters import ImportParameters

__all__ = ["UnsubscribeBehaviour", "consent_warning", "may_undo_unsubscribing"]

_UPDATING = ("update", "update or add")
_ADDING = ("add", "update or add", "ignore or add")


@dataclass(frozen=True)
class UnsubscribeBehaviour:
    """
    What a database does with a profile whose owner unsubscribes.

    :param behaviour: ``nothing``, ``remove`` or ``update``; other words have no consequence here.
    :param fields: the names of the fields that ``update`` changes, default none.
    """

    behaviour: str
    fields: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, reply: Mapping[str, object]) -> UnsubscribeBehaviour:
        """
        Read the reply of ``GET database/$id/unsubscribe``; what can't be understood in it says nothing.

        :param reply: the documented keys ``behavior`` and ``fields``, in any case.
        """
        entity = {str(key).lower(): value for key, value in reply.items()}
        fields = entity.get("fields")
        return cls(
            str(entity.get("behavior", "")).strip().lower(),
            tuple(map(str, fields)) if isinstance(fields, Mapping) else (),
        )


def may_undo_unsubscribing(action: str, columns: Sequence[str]) -> bool:
    """
    Tell whether there is a behaviour that this import would undo, so that asking for it is worth a call.

    :param action: of the import.
    :param columns: names of the columns; none where they are not known.
    """
    return bool(columns) and action in (*_UPDATING, *_ADDING)


def consent_warning(
    parameters: ImportParameters, columns: Sequence[str], unsubscribe: UnsubscribeBehaviour
) -> str | None:
    """
    Return a warning if the import may undo what people chose by unsubscribing.

    :param parameters: of the import.
    :param columns: names of the columns; compared with the fields without regard to case, as Copernica does.
    :param unsubscribe: what the database does when somebody unsubscribes.
    :return: whole sentences, the columns last; None if nothing is undone.
    """
    action, database = parameters.action, parameters.database
    if unsubscribe.behaviour == "update" and action in _UPDATING:
        changed = {name.casefold() for name in unsubscribe.fields}
        if undone := [name for name in columns if name.casefold() in changed]:
            return (
                f"The action {action!r} may undo what people chose: when somebody unsubscribes, database {database} "
                "updates fields that this import holds as well. Leave their columns out, and add new profiles with "
                f"an import 'ignore or add' that has them. (Columns: {', '.join(map(show_name, undone))})"
            )
    if unsubscribe.behaviour == "remove" and action in _ADDING:
        return (
            f"The action {action!r} may add people again who unsubscribed: database {database} removes the profile of "
            "somebody who unsubscribes. Keep these people out of the source, or let the database update a field "
            "instead (its unsubscribe behaviour in Copernica)."
        )
    return None
