"""Pages that are one file: opened from disk, in Chinese and English, with no address of another host in them.

Whatever a page needs is written into it, and its content policy lets it load nothing else: scripts and styles are allowed by
their hash, everything that would ask a network is `'none'`. The words of both languages stand in the page; `?lang=en` or
the button chooses.
"""

from viewer.document.document import Document, read_part
from viewer.document.words import Words, say, words_html

__all__ = ["Document", "Words", "read_part", "say", "words_html"]
