"""One text for one value, so that a digest stands for one text; and the chain of the ledger's digests."""
