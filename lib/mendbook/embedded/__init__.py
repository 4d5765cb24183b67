"""A real PostgreSQL, started on demand."""
