"""A signed plan applied batch by batch. Of all of mendbook, repair.py in here alone changes rows."""
