"""What builds the constraints that a schema lacks, as text, and what is in its way."""
