"""Notebooks and the child processes that execute them: parameters, copies, and an executed notebook without secrets."""
