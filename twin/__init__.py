"""The roof: store, revisions, queries, HTTP API and command line."""
