"""Alembic's environment and the migrations, one file a step; `twin.store.migrate` runs them."""
