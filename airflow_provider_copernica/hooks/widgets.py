"""The extra fields of the connection form in Airflow 2, whose form is made with WTForms."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_copernica.form import ExtraField


def form_widgets(extra_fields: Sequence[ExtraField]) -> dict[str, object]:
    """
    :param extra_fields: the description of the form.
    :return: fields of WTForms by name.
    """
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget, Select2Widget
    from wtforms import SelectField, StringField

    def widget(field: ExtraField) -> object:
        common = {"label": field.label, "description": field.description, "default": field.default}
        if field.choices:
            choices = [(str(choice), str(choice)) for choice in field.choices]
            return SelectField(**common, choices=choices, widget=Select2Widget())
        return StringField(**common, widget=BS3TextFieldWidget())

    return {field.name: widget(field) for field in extra_fields}
