"""
Templates are what the author of the DAG wrote, and text stays text.

Airflow renders more than that. What other tasks returned is rendered where it comes by ``expand_kwargs`` (2.11 - 3.3),
so that a customer could be called ``{{ conn.copernica_default.password }}``; :mod:`._mapping` names such values, and
nothing here renders them. With ``render_template_as_native_obj`` each text is read as a Python literal, so that the
telephone number ``+31612345678`` becomes another number. And Jinja itself turns each kind of line end into ``\\n`` and
takes the last one off.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.readers.arrow_protocol import is_arrow
from airflow_provider_copernica.redacted_fields import Redacted
from airflow_provider_copernica.version_compat import RENDERS_TO_NOTHING

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from jinja2 import Environment, Template

__all__ = ["RenderingOperator", "render"]

_LINE_END = re.compile(r"\r\n|\r|\n")


class RenderingOperator(BaseOperator):
    """Renders templates to what they say, and nothing that comes from another task."""

    def render_template(self, content: Any, context: Context, jinja_env: Any = None, seen_oids: Any = None) -> Any:
        """
        Render a value of a template field, as Airflow's own method does.

        :param content: the value.
        :param context: of the task.
        :param jinja_env: Jinja's environment; default: that of the DAG.
        :param seen_oids: identities of values that are not rendered, since other tasks returned them.
        """
        resolved = set() if seen_oids is None else seen_oids
        if id(content) in resolved:
            return content
        environment: Environment = jinja_env or self.get_template_env()
        if isinstance(content, Redacted):
            exact = _keeping_newlines(environment, as_text=content.has_cells)
            content.value = self.render_template(content.template, context, exact, resolved)
            return content
        if isinstance(content, str):
            return self._render_text(content, context, environment)
        if is_arrow(content):  # a data frame, whose columns may have any names
            return content
        return super().render_template(content, context, environment, resolved)

    def _render_text(self, text: str, context: Context, environment: Environment) -> object:
        if text.endswith(tuple(self.template_ext)):  # the name of a file
            return render(environment.get_template(text), context)
        if not _is_template(text, environment):
            return text
        return render(_with_line_ends_of(text, environment).from_string(text), context)

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Context, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Airflow's own; 2.11 keeps the template where that rendered to nothing, and would send it."""
        if not RENDERS_TO_NOTHING:
            for name in template_fields:
                setattr(parent, name, self.render_template(getattr(parent, name), context, jinja_env, seen_oids))
            return
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)


def render(template: Template, context: Context) -> object:
    """
    Render a template.

    As Airflow does it, without reading all that is in the context, but for its last step: text is not evaluated.

    :param template: of an environment for text or for native objects.
    :param context: of the task.
    :return: text; from an environment for native objects whatever the template's one expression gives.
    """
    from jinja2 import Undefined

    variables: Any = copy.copy(context)  # a mapping that can be changed
    variables.update((name, value) for name, value in template.globals.items() if name not in variables)
    environment = template.environment
    try:
        rendering = environment.context_class(environment, variables, template.name, template.blocks)
        parts: list[object] = [*template.root_render_func(rendering)]
    except Exception:  # noqa: BLE001 - Jinja raises it again, with the line of the template
        environment.handle_exception()
    if len(parts) == 1 and not isinstance(parts[0], Undefined):
        return parts[0]
    return "".join(map(str, parts))


def _is_template(text: str, environment: Environment) -> bool:
    """Tell whether Jinja finds anything in a text; it would change the line ends of any other, too."""
    marks = (environment.block_start_string, environment.variable_start_string, environment.comment_start_string)
    by_line = environment.line_statement_prefix or environment.line_comment_prefix
    return bool(by_line) or any(mark in text for mark in marks)


def _keeping_newlines(environment: Environment, *, as_text: bool) -> Environment:
    """
    Change an environment so that it keeps a newline at the end.

    :param as_text: make text of whatever an expression gives.
    """
    exact = environment.overlay(keep_trailing_newline=True)
    if as_text and not exact.finalize:
        exact.finalize = str
    return exact


def _with_line_ends_of(text: str, environment: Environment) -> Environment:
    line_ends = {*_LINE_END.findall(text)}
    if len(line_ends) > 1:
        raise CopernicaArgumentError(
            "A template has lines that end in different ways, of which Jinja keeps one: write '\\n' throughout."
        )
    if "\r\n" in line_ends:
        return environment.overlay(newline_sequence="\r\n")
    return environment.overlay(newline_sequence="\r") if "\r" in line_ends else environment
