"""All kinds of damage in one snapshot into files; those files read again, and held against the last ones."""
