"""Whether it is still bleeding: counts in time with their exact doubt, and in words."""
