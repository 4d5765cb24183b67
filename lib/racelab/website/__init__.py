"""website: an account API with its own user model. It looks whether an account exists, and then inserts."""
