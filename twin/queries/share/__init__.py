"""Packages for other departments: of a collection, what a catalogue lists for a receiver, whole first and then what changed.

A package is told from the state that left before it, not from the history: whatever moved a row in or out of what the receiver may
see (a filter, a label, a unit, a place), replaying all packages gives what the receiver may see now (docs/decisions/030).
"""
