"""Faults made on purpose: repairs are killed, cut off, suspended and crashed, and independent SQL says whether it did harm."""
