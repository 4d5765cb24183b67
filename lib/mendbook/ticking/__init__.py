"""What is due is run, once, in a child of its own, and people are told."""
