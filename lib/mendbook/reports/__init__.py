"""Runs as pages to read: the report of each, the overview of all, the receipt of a repair."""
