"""What is live on a site as one HTML file that needs no server: incidents, a map, plans of storeys, gates, positions.

`told_of` gathers what one reader may know of, `Drawn` draws and keeps what stands still, `page_of` writes the page.
"""

from twin.queries.snapshot.drawn import Drawn
from twin.queries.snapshot.facts import Facts, Held, hold, told_of
from twin.queries.snapshot.page import page_of, policy_of

__all__ = ["Drawn", "Facts", "Held", "hold", "page_of", "policy_of", "told_of"]
