"""What logs and rows tell of failures over time, and about whom."""
