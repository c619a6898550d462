"""What reports are made of: plain columns, fetched as of a day for a place or a unit (`FETCHERS`), and the reports themselves.

`twin.reports` lays columns out and knows no store; here is where they come from.
"""
