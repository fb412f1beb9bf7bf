"""What this package knows of Copernica's REST API. Nothing in here imports Airflow."""
