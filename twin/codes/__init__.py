"""What the twin is told rather than computes: kinds of records, dictionaries, limits, factors, the form of identifiers.

Every table is a data file with its source, edition and whether anyone has verified it, so that the bureau corrects a row
without a release. Nothing here knows the store.
"""

from twin.codes.dictionary import Dictionary, Value, fold, get_dictionary, list_dictionaries
from twin.codes.fault import Fault
from twin.codes.identifier import NORMALISERS, checks_beside_of, checks_of
from twin.codes.issue_code import IssueCode, find_issue_code, list_issue_codes
from twin.codes.kind import Column, ColumnType, RecordKind, get_kind, list_kinds
from twin.codes.problem import ProblemWords, live_problem_words, problem_words
from twin.codes.tables import ROW_TYPES, Tables, read_tables, shipped_tables

__all__ = [
    "NORMALISERS",
    "ROW_TYPES",
    "Column",
    "ColumnType",
    "Dictionary",
    "Fault",
    "IssueCode",
    "ProblemWords",
    "RecordKind",
    "Tables",
    "Value",
    "checks_beside_of",
    "checks_of",
    "find_issue_code",
    "fold",
    "get_dictionary",
    "get_kind",
    "list_dictionaries",
    "list_issue_codes",
    "list_kinds",
    "live_problem_words",
    "problem_words",
    "read_tables",
    "shipped_tables",
]
