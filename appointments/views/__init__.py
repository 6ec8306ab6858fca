"""Pages of appointments: parse, one verb, redirect."""
