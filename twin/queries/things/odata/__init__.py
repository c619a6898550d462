"""The language of OData that SensorThings asks in: paths, `$filter`, `$expand` … as values, and what they say of an entity.

`text` → `tokens` → `parser` (bounded in depth and length) → `nodes`; `evaluate` makes of them a function of an entity.
Nothing of it ever becomes SQL.
"""
