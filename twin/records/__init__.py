"""Records: administrative facts of every kind in `twin.codes.kinds`, with their history.

An import merges typed columns into the tables of a kind (`merge`); a person's change is written by itself (`write`); both leave
changed fields in `change`, from which a record is told as of any date (`history`).
"""
