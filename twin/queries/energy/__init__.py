"""Energy of institutions: monthly reports into kgce, per m² and per person, against the median of their kind, and what is wrong with them.

`figures` sums reports in the database, `series` lays months out as columns, `checks` (pure) finds missing, mistyped and exchanged months,
`answers` makes documents of a unit's or everybody's, `places` apportions the energy of units to a building.
"""
