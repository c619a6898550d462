"""The work list of the tie: what records and scene say against one another, lost or could not find, with both sides of each."""

from twin.queries.worklist.listing import STATES, settle_work, work_counts, work_page

__all__ = ["STATES", "settle_work", "work_counts", "work_page"]
