"""Imports: a file becomes a revision. The original is kept by its hash, its meshes by content, its facts in the store."""

from twin.imports.city import follow_ground, import_city
from twin.imports.imported import Imported
from twin.imports.model import import_bim

__all__ = ["Imported", "follow_ground", "import_bim", "import_city"]
