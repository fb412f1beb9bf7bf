"""A throwaway Airflow on this machine, and the processes of one: for what people run, the tests and the benchmarks."""
