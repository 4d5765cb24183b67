"""Files in their place whole or not at all, the folders of runs with their records and locks, and which folders are meant."""
