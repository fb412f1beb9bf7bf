"""An import by one task, the waiting by another, and the rows of a third one."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.sensors.copernica import CopernicaImportSensor

with DAG(
    "copernica_import_and_sensor",
    schedule=None,
    catchup=False,
    params={"database": 1, "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:

    @task(show_return_value_in_logs=False)  # they are customers
    def new_customers() -> list[dict[str, str]]:
        return [
            {"Email": "noor@example.com", "Name": "Noor Jansen", "City": "Utrecht"},
            {
                "Email": "senna@example.com",
                "Name": "Senna O'Brien",
                "City": "'s-Hertogenbosch",
            },
        ]

    # [START import_and_sensor]
    import_customers = CopernicaImportOperator(
        task_id="import_customers",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        action="update or add",
        key_fields=["Email"],
        source=new_customers(),
        wait_for_completion=False,
    )
    wait_for_import = CopernicaImportSensor(
        task_id="wait_for_import",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        import_id=import_customers.output,
        deferrable=True,
        poke_interval=2,
        timeout=3600,
    )
    # [END import_and_sensor]

    @task
    def report(status: dict[str, object]) -> None:
        print(f"{status['processed_lines']} of {status['total_lines']} lines: {status['status']}")

    report(wait_for_import.output)
