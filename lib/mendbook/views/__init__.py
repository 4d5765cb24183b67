"""What a notebook shows of an audit, of incidents, and of what a run has made."""
