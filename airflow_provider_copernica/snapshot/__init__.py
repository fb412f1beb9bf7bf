"""Only what changed: what Copernica is known to hold, as digests in a folder of the user's own. Knows nothing of Airflow."""
