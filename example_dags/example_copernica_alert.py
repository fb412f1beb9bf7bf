"""An alert when an import fails, with what Copernica says of it."""

from __future__ import annotations

# [START alert]
import logging
import os

from airflow.providers.common.compat.sdk import DAG, BaseNotifier, Context

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

MAIL_TO = os.environ.get("COPERNICA_EXAMPLE_MAIL_TO")


def describe_failure(context: Context) -> str:
    """What failed, why, and how far it came."""
    error = context.get("exception")
    # an error that Airflow must not retry wraps the one with the reason
    failed = getattr(getattr(error, "__cause__", None) or error, "copernica_import", None)
    task = f"{context['ti'].dag_id}.{context['ti'].task_id}"
    if failed is None:  # it was never sent, or never seen
        return f"{task}: {error}"
    lines = f"{failed.processed_lines or 0} of {failed.total_lines or 0} lines"
    return f"{task}: import {failed.import_id} {failed.name!r} after {lines}: {failed.last_error or failed.status}"


class ImportAlert(BaseNotifier):
    """Mails the failure; without an address it only logs it."""

    def notify(self, context: Context) -> None:
        message = describe_failure(context)
        if MAIL_TO is None:
            logging.getLogger(__name__).error("Alert: %s", message)
            return
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        SmtpNotifier(to=MAIL_TO, subject="An import into Copernica failed", html_content=message).notify(context)


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
