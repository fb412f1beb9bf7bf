"""Rows and files in, a valid import body out; knows nothing of Airflow."""
