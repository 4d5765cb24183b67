"""Made-up people sent to a running application, their rows looked at, and a verdict."""
