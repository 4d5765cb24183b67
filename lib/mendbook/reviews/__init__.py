"""What reviewers decide and sign, how it is verified, and where each plan stands by it."""
