"""Which record is which room, building and element, and what speaks for and against it.

Pure functions over small dataclasses and columns: they know neither store nor ledger. A text is read into every sense it can
have (`number`, `building`, `storey`), the senses are looked up among what exists (`rooms`, `places`, `elements`), and what
the bulk of a building's numbers does decides between them. What stays ambiguous is never linked: it is an item of the work list.
"""
