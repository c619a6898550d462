"""CQL2 (OGC 21-065r2): filters as text and JSON, run in the store with the same rows on SQLite and PostgreSQL."""
