"""Examples, each a whole DAG file: Airflow and registries of providers look for them here. The wheel has none."""
