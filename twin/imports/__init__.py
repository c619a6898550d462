"""Imports: a file becomes a revision. The original is kept by its hash, its meshes by content, its facts in the store."""

from twin.imports.city import import_city
from twin.imports.model import Anchor, Imported, import_bim

__all__ = ["Anchor", "Imported", "import_bim", "import_city"]
