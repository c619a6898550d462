"""The store: what the twin knows, on SQLite or PostgreSQL, by one code path.

A site has models, a model has revisions, a revision brings and ends states of features. Open a `Store`, `migrate()` it,
`record_revision(...)`, then ask for features by id, up and down the tree, with the labels the reader may know of.
"""

from twin.auth import Labels
from twin.store.keys import KeyRow, Keys, SignedIn
from twin.store.rows import FeatureRow, LedgerEntry, ModelKind, NewRevision, Outcome, RevisionRow, RevisionStatus
from twin.store.store import Store

__all__ = [
    "FeatureRow",
    "KeyRow",
    "Keys",
    "Labels",
    "LedgerEntry",
    "ModelKind",
    "NewRevision",
    "Outcome",
    "RevisionRow",
    "RevisionStatus",
    "SignedIn",
    "Store",
]
