"""The two examples of Copernica's documentation of POST imports: profiles, and profiles with subprofiles."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_copernica.operators.copernica import CopernicaImportOperator

with DAG(
    "copernica_documented",
    schedule=None,
    catchup=False,
    params={"database": 1, "copernica_conn_id": "copernica_default"},
    tags=["copernica"],
) as dag:
    flat = CopernicaImportOperator(
        task_id="flat",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        name="TestImport",
        rebuild=True,
        action="update or add",
        key_fields=["Email"],
        format="json",
        source="""[
            {"Email": "support@copernica.com", "Contactpersoon": "Jeroen"},
            {"Email": "info@copernica.com", "Contactpersoon": "Danny"}
        ]""",
        poll_interval=2,
    )

    # [START subprofiles]
    subprofiles = CopernicaImportOperator(
        task_id="subprofiles",
        copernica_conn_id="{{ params.copernica_conn_id }}",
        database="{{ params.database }}",
        name="TestImport",
        rebuild=True,
        action="update or add",
        key_fields=["Email", "Order.OrderID"],
        source=[
            {
                "Email": "support@copernica.com",
                "Contactpersoon": "Jeroen",
                "Order.OrderID": "00001",
                "Order.Status": "Completed",
            },
            {
                "Email": "info@copernica.com",
                "Contactpersoon": "Danny",
                "Order.OrderID": "00001",
                "Order.Status": "Completed",
            },
        ],
        poll_interval=2,
    )
    # [END subprofiles]

    # imports into one database may overlap in any order, so they go one after the other
    flat >> subprofiles
