"""What a notebook shows of a plan, its review, who signed and a repair, and what answers the reviewer's table."""
