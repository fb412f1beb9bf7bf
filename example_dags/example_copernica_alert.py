"""An alert when an import fails, with what Copernica says of it, or what verify has found."""

from __future__ import annotations

# [START alert]
import logging
import os

from airflow.providers.common.compat.sdk import DAG, BaseNotifier, Context

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

MAIL_TO = os.environ.get("COPERNICA_EXAMPLE_MAIL_TO")
# the XCom is there after a failure as well, unless nothing was sent
MESSAGE = """
{%- set status = ti.xcom_pull(
    task_ids=ti.task_id, key='import_status', map_indexes=ti.map_index
) -%}
{{ ti.dag_id }}.{{ ti.task_id }}: {% if status -%}
import {{ status['import_id'] }} after {{ status['processed_lines'] or 0 }} of
{{- ' ' }}{{ status['total_lines'] or 0 }} lines:
{{- ' ' }}{{ status['last_error']
    or exception | default(status['status'], true) }}
{{- ' ' }}({{ status['name'] }})
{%- else -%}
{{ exception }}
{%- endif -%}
"""


class ImportAlert(BaseNotifier):
    """Mails the failure; without an address it only logs it."""

    template_fields = ("message",)

    def __init__(self, message: str = MESSAGE) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Context) -> None:
        if MAIL_TO is None:
            logging.getLogger(__name__).error("Alert: %s", self.message)
            return
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        SmtpNotifier(
            to=MAIL_TO,
            subject="An import into Copernica failed",
            html_content=self.message,
        ).notify(context)


with DAG(
    "copernica_import_with_alert",
    schedule=None,
    catchup=False,
    params={"database": 1, "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:
    CopernicaImportOperator(
        task_id="import_customers",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email"],
        source=[{"Email": "noor@example.com", "City": "Utrecht"}],
        deferrable=True,
        poll_interval=2,
        on_failure_callback=ImportAlert(),
    )
# [END alert]
