"""Findings to cases to a plan, whose bytes are what everybody signs."""
