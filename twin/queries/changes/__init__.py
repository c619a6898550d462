"""What became otherwise since a token: records of every kind and features of models and layers, in the order in which it was seen.

A place in that order is a mark a stream (a kind of records, all features); none is ever inserted before one that was
given out (docs/decisions/030). A token is the marks of all streams, sealed under the key of the store.
"""
