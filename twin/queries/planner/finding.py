"""Findings of the planner, of energy and of vehicles: data about records, each with a code of docs/issue-codes.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.codes import get_kind
from twin.queries.records.documents import record_href

__all__ = ["Finding", "finding_documents", "finding_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong with a record (`kind`, `key`), its `column`, what stands against it; `key` None: not for the reader."""

    code: str
    kind: str
    key: str | None
    message: str
    column: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def finding_documents(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as documents."""
    return [
        {
            "code": finding.code,
            "kind": finding.kind,
            "key": finding.key,
            "href": record_href(get_kind(finding.kind), finding.key) if finding.key is not None else None,
            "column": finding.column or None,
            "message": finding.message,
            "facts": finding.facts,
        }
        for finding in findings
    ]


def finding_page(findings: Iterable[Finding], *, codes: Sequence[str], after: str | None, limit: int) -> dict[str, Any]:
    """At most `limit` findings after the token `after`, of these codes (none: all), with how many there are of each code.

    They are in the order of code, kind, key and column, so that pages hold while others are added.
    """
    told = sorted(findings, key=_order)
    counts = Counter(finding.code for finding in told)
    wanted = [(token, finding) for token, finding in _with_tokens(told) if not codes or finding.code in codes]
    here = [pair for pair in wanted if after is None or pair[0] > after]
    return {
        "counts": dict(sorted(counts.items())),
        "numberMatched": len(wanted),
        "numberReturned": len(here[:limit]),
        "findings": finding_documents(finding for _, finding in here[:limit]),
        "next": here[limit - 1][0] if len(here) > limit else None,
    }


def _order(finding: Finding) -> tuple[str, str, str, str, str]:
    return (finding.code, finding.kind, finding.key or "", finding.column, finding.message)


def _with_tokens(findings: Iterable[Finding]) -> list[tuple[str, Finding]]:
    """Each finding with what names its place among the others; those that look alike are numbered."""
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        name = "|".join((finding.code, finding.kind, finding.key or "", finding.column))
        seen[name] += 1
        found.append((f"{name}|{seen[name]:06d}", finding))
    return sorted(found, key=lambda pair: pair[0])
