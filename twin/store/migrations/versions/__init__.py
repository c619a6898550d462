"""The migrations: frozen, they import nothing of the schema they lead to."""
