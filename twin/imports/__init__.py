"""Imports: a file becomes a revision. The original is kept by its hash, its meshes by content, its facts in the store."""
