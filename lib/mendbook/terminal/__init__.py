"""Tables, plans and log lines for a terminal."""
