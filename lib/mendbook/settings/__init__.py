"""What a part of mendbook.toml may hold, and what is wrong with it in a sentence."""
