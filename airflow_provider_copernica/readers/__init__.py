"""Bytes to rows: files, streams and data frames, read piece by piece. Nothing in here imports Airflow."""
