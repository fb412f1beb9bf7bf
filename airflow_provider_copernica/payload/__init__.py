"""Parameters and rows in, a valid import body out. Nothing in here imports Airflow."""
