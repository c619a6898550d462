"""Records of any kind as documents: a page, one of them, its dossier as of a day, and what a person changes."""
