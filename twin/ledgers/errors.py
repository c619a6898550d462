"""Why a ledger is refused as a whole; a bad row or cell never is (it is quarantined, or becomes a finding).

Refused
└── LedgerError              the file, its form or its mapping; `code` says which
    ├── LedgerUnreadable     no ledger of a form we read, or beyond the limits
    ├── HeaderError          its columns cannot be told
    └── MappingError         a mapping file or profile of the wrong form
"""

from twin.errors import Refused

__all__ = ["HeaderError", "LedgerError", "LedgerUnreadable", "MappingError"]


class LedgerError(Refused):
    """The ledger was refused; nothing of it was read."""

    code = "LEDGER_INVALID"


class LedgerUnreadable(LedgerError):
    """The file is no ledger of a form we read, is damaged, or is beyond the limits."""

    code = "LEDGER_UNREADABLE"


class HeaderError(LedgerError):
    """Which column means what cannot be told from the headers."""

    code = "HEADER_UNKNOWN"


class MappingError(LedgerError):
    """A mapping file or profile says what it cannot say."""

    code = "MAPPING_INVALID"
