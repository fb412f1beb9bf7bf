"""Only what changed: what Copernica is known to hold, as digests in the user's own folder. Knows nothing of Airflow."""
