"""A ledger of any form becomes columns: text with line numbers, then keys and hashes, then values and findings.

    ledger = read_ledger(Path("资产.csv"), get_kind("asset"))
    for batch in ledger.batches():              # lines, keys, row_hash, quarantined
        typed = batch.typed(changed)            # values by column, findings as columns; only for rows that are new or changed

A bad cell costs itself, a row that can be no record is quarantined with its line, and only a file that cannot be understood as a
whole is refused. Nothing here knows the store.
"""

from twin.ledgers.block import Quarantined, SourceFacts
from twin.ledgers.errors import HeaderError, LedgerError, LedgerUnreadable, MappingError
from twin.ledgers.keys import key_of
from twin.ledgers.ledger import Ledger, LedgerBatch, LedgerFacts, Selection
from twin.ledgers.mapping import list_profiles
from twin.ledgers.read import read_ledger
from twin.ledgers.rules import Fault
from twin.ledgers.typed import Typed

__all__ = [
    "Fault",
    "HeaderError",
    "Ledger",
    "LedgerBatch",
    "LedgerError",
    "LedgerFacts",
    "LedgerUnreadable",
    "MappingError",
    "Quarantined",
    "Selection",
    "SourceFacts",
    "Typed",
    "key_of",
    "list_profiles",
    "read_ledger",
]
