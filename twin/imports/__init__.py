"""Imports: a file becomes a revision. The original is kept by its hash, its meshes by content, its facts in the store."""

from twin.imports.city import import_city
from twin.imports.imported import Imported
from twin.imports.layer import follow_ground
from twin.imports.model import import_bim
from twin.imports.plan import import_plan

__all__ = ["Imported", "follow_ground", "import_bim", "import_city", "import_plan"]
