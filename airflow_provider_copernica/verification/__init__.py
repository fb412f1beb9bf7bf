"""Whether the database holds what was sent: what is asked, compared and counted. Knows nothing of Airflow."""
