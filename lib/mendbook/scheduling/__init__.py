"""When a job is due, what became of each time, and the text of cron, systemd, Kubernetes and Airflow files."""
