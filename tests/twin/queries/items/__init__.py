"""Collections of items."""
