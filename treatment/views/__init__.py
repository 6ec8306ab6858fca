"""Pages of treatment: of patients, and of the people who treat them."""
