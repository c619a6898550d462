"""What filters are refused with.

TwinError → Refused → Invalid
└── FilterInvalid            not CQL2, beyond its bounds, or not to be asked of this collection
"""

from twin.errors import Invalid

__all__ = ["FilterInvalid"]


class FilterInvalid(Invalid):
    """A filter that cannot be asked; `path` is the place in it (`filter 1:13`, `filter.args[1]`) or the part that does not fit."""

    code = "FILTER_INVALID"
