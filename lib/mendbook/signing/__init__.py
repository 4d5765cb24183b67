"""Signatures by ssh-keygen, made and verified, and who may sign; a private key is never read."""
