"""Questions to the twin, as plain functions over the store; each takes the labels the asker may see."""

from twin.queries.features import children_page, feature_document
from twin.queries.sites import site_document, site_list, site_tree

__all__ = ["children_page", "feature_document", "site_document", "site_list", "site_tree"]
