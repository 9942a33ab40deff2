"""Three controllers on one PostgreSQL and one Redis, and what is done to them; see `make chaos`."""
