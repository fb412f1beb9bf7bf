"""The Apache Airflow provider for Copernica Marketing Suite."""

from __future__ import annotations

__all__ = ["__version__", "get_provider_info"]

__version__ = "1.0.0"


def _modules() -> dict[str, object]:
    """What registries of providers list: where the classes are, by kind."""
    package, integration = __name__, "Copernica"
    return {
        "integrations": [
            {"integration-name": integration, "external-doc-url": "https://www.copernica.com/", "tags": ["service"]}
        ],
        **{
            kind: [{"integration-name": integration, "python-modules": [f"{package}.{kind}.{name}" for name in names]}]
            for kind, names in (
                ("operators", ("copernica", "removed_rows")),
                ("sensors", ("copernica",)),
                ("hooks", ("copernica",)),
                ("triggers", ("copernica",)),
            )
        },
        "transfers": [
            {
                "source-integration-name": source,
                "target-integration-name": integration,
                "python-module": f"{package}.transfers.{module}",
            }
            for source, module in (
                ("Common SQL", "sql_to_copernica"),
                ("Common IO", "object_storage_to_copernica"),
            )
        ],
    }


def get_provider_info() -> dict[str, object]:
    """What Airflow's provider discovery asks for; imports nothing heavy."""
    from airflow_provider_copernica.connection_form import connection_type_metadata

    assets = "airflow_provider_copernica.assets.copernica"
    asset_uris = [
        {
            "schemes": ["copernica"],
            "handler": f"{assets}.sanitize_uri",
            "factory": f"{assets}.create_asset",
            "to_openlineage_converter": f"{assets}.convert_asset_to_openlineage",
        }
    ]
    return {
        "package-name": "airflow-provider-copernica",
        "name": "Copernica",
        "description": "Imports profiles into `Copernica Marketing Suite <https://www.copernica.com/>`__.",
        "versions": [__version__],
        **_modules(),
        "connection-types": [connection_type_metadata()],
        "asset-uris": asset_uris,
        "dataset-uris": asset_uris,  # Airflow 2
        "task-decorators": [
            {
                "name": "copernica_import",
                "class-name": "airflow_provider_copernica.decorators.copernica.copernica_import_task",
            }
        ],
        "extra-links": ["airflow_provider_copernica.links.copernica.CopernicaLink"],
    }
