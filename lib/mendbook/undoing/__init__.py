"""A plan that takes back another one, from the images in the ledger."""
