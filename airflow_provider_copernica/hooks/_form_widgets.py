"""
The extra fields of the connection form in Airflow 2.11 - 3.1, which take them from WTForms.

Airflow 3.0 and 3.1 have no WTForms: they let stand-ins for a few of its names be imported, and read what these were
given. Nothing else of WTForms may be imported while the fields are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from airflow_provider_copernica.connection_form import ExtraField

if TYPE_CHECKING:
    from markupsafe import Markup
    from wtforms import Field

__all__ = ["drop_down", "form_widgets"]


def form_widgets(extra_fields: Sequence[ExtraField]) -> dict[str, object]:
    """
    Airflow 2 drops the whole connection type when a field is not a plain text, number, password or boolean field; how a
    field is drawn is free.

    :param extra_fields: the description of the form.
    :return: fields of WTForms by name.
    """
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
    from wtforms import StringField
    from wtforms.validators import Optional, any_of

    return {
        field.name: StringField(
            label=field.label,
            description=field.description,
            default=None if field.default is None else str(field.default),
            validators=[Optional(), any_of([str(choice) for choice in field.choices])] if field.choices else [],
            widget=drop_down(field.choices) if field.choices else BS3TextFieldWidget(),
        )
        for field in extra_fields
    }


def drop_down(choices: Sequence[object]) -> Callable[..., Markup]:
    """Draw a text field as a choice."""

    def draw(field: Field, **attributes: object) -> Markup:
        from markupsafe import Markup
        from wtforms.widgets import html_params

        chosen = str(field.data or field.default)
        options = Markup("").join(
            Markup("<option{}>{}</option>").format(Markup(" selected") if str(choice) == chosen else "", choice)
            for choice in choices
        )
        given = html_params(**{"id": field.id, "name": field.name, **attributes, "class": "form-control"})
        return Markup("<select {}>{}</select>").format(Markup(given), options)  # noqa: S704 - html_params escapes

    return draw
