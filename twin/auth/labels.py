"""Labels: what decides whether a feature exists for a reader at all."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from spatial.feature import PUBLIC
from twin.errors import Invalid

__all__ = ["LABEL_FORM", "MAX_LABELS", "LabelPolicy", "Labels"]

Labels: TypeAlias = frozenset[str] | None
MAX_LABELS = 16
LABEL_FORM = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPolicy:
    """The labels a site knows (1 to 16, `[a-z][a-z0-9_-]*`) and the one a feature gets when nothing else is said.

    Raises Invalid.
    """

    labels: tuple[str, ...] = (PUBLIC,)
    default: str = PUBLIC

    def __post_init__(self) -> None:
        if not 1 <= len(self.labels) <= MAX_LABELS:
            raise Invalid(f"a site has 1 to {MAX_LABELS} labels, not {len(self.labels)}")
        if len(set(self.labels)) < len(self.labels):
            raise Invalid(f"labels occur twice: {', '.join(self.labels)}")
        wrong = [label for label in self.labels if not LABEL_FORM.fullmatch(label)]
        if wrong:
            raise Invalid(f"not a label: {', '.join(map(repr, wrong))}", hint="lower-case letters, digits, - and _, at most 32")
        if self.default not in self.labels:
            raise Invalid(f"the default label {self.default!r} is not among {', '.join(self.labels)}")
