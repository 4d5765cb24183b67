"""What works for a source and what does not: one check after another, each with what to do about it."""
