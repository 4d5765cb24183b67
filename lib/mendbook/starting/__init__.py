"""The way of `mendbook init`: a look at a database that nobody has described yet."""
