"""What devices said, kept: a journal that is synced before anybody is acknowledged, and what is derived from it, by device and time.

`journal` takes batches in and is read after a crash; `positions` holds tracks, `readings` everything else, both as sorted runs of the open
hours and one Parquet file a closed day; the hub is their only writer, other processes read the files at any time.
"""
