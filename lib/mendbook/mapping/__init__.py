"""The mapping held against the catalogue: real tables and columns, and what lies around them."""
