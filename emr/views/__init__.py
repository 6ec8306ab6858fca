"""Pages of emr: each parses, calls one verb, and answers."""
