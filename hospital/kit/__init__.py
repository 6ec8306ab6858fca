"""The kit: no tables, imports nothing of the house above it."""
