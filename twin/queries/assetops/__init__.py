"""What is done with assets: stock-takes, reconciliation, idle assets and the public warehouse, the columns of reports."""
