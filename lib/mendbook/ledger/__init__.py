"""What was done to a database, kept in that database in a chain, and checkpoints of it outside."""
