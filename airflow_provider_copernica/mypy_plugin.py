"""
For mypy: the arguments of ``@task.copernica_import``.

Airflow's stub of ``task`` lists the decorators of its own providers, and has no place for those of others. With
``plugins = ["airflow_provider_copernica.mypy_plugin"]`` mypy knows this one as well.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import MypyFile
from mypy.plugin import AttributeContext, Plugin
from mypy.types import Type

__all__ = ["CopernicaPlugin", "plugin"]

_MODULE = "airflow_provider_copernica.decorators.copernica"


class CopernicaPlugin(Plugin):
    """Gives ``task.copernica_import`` the type of the function behind it."""

    def get_additional_deps(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """Read the decorator's module wherever Airflow's decorators are used."""
        return [(10, _MODULE, -1)] if file.fullname == "airflow.sdk.definitions.decorators" else []

    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        """Take over the one attribute."""
        return self._type_of if fullname.endswith("TaskDecoratorCollection.copernica_import") else None

    def _type_of(self, context: AttributeContext) -> Type:
        found = self.lookup_fully_qualified(f"{_MODULE}.copernica_import_task")
        if found is None or found.type is None:
            return context.default_attr_type
        return found.type


def plugin(version: str) -> type[Plugin]:  # noqa: ARG001 - mypy's signature
    """Return the plugin, for mypy."""
    return CopernicaPlugin
