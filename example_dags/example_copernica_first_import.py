"""The smallest whole example, of README and getting started."""

from __future__ import annotations

# [START first_import]
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG("first_import", schedule=None, params={"database": 1}) as dag:

    @task(show_return_value_in_logs=False)  # customers' details
    def new_customers() -> list[dict[str, str]]:
        return [
            {"Email": "noor@example.com", "Firstname": "Noor", "City": "Utrecht"},
            {"Email": "senna@example.com", "Firstname": "Senna", "City": "Gent"},
        ]

    CopernicaImportOperator(
        task_id="import_customers",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email"],
        source=new_customers(),
    )
# [END first_import]
