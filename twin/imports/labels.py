"""The label a feature gets when a file is imported: the site's default."""

from collections.abc import Sequence
from dataclasses import replace

from spatial.feature import PUBLIC, Feature
from twin.auth import LabelPolicy

__all__ = ["labelled"]


def labelled(features: Sequence[Feature], policy: LabelPolicy) -> Sequence[Feature]:
    """The features as the site's policy labels them: readers of files know nothing of labels and leave them `public`."""
    if policy.default == PUBLIC:
        return features
    return [replace(feature, label=policy.default) if feature.label == PUBLIC else feature for feature in features]
