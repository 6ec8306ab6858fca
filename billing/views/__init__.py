"""Pages of billing: parse, one verb, redirect or fragment."""
