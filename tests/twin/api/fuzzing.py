"""schemathesis over the service's own OpenAPI document: every operation, examples, coverage and fuzzing, from a seed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import StopReason, events, from_schema

from tests.twin.api.memory import Grown, bounded

__all__ = ["EVERY_PHASE", "Fuzzed", "fuzz"]

EVERY_PHASE = ("examples", "coverage", "fuzzing")
MOST_GROWN = 2 * 2**30
"""So many bytes more than at its start the process may hold: a scene, its rays and what the engine keeps are about one half of it."""
RESERVED = 2 * 2**30
"""So many more it may ask for at once: stacks and arenas of threads are counted when they are reserved."""
CHECKS: dict[str, dict[str, Any]] = {
    "ignored_auth": {"enabled": False},
    "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]},
    "positive_data_acceptance": {"enabled": False},
}
"""`ignored_auth` asks without a key, and the app under test makes every request its principal's; 5xx is never expected.

`positive_data_acceptance` is off: what fits a schema may still be 400 where a parameter has a grammar that JSON Schema cannot tell
(CQL2, bbox, WKT, RFC 3339 intervals, names of dictionaries), or where two belong together."""


@dataclass
class Fuzzed:
    """What was asked and answered, and what is wrong with it."""

    requests: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    findings: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(sum(phases.values()) for phases in self.requests.values())


def fuzz(
    app: FastAPI,
    *,
    seed: int,
    examples: int,
    phases: tuple[str, ...] = EVERY_PHASE,
    chosen: Callable[[str], bool] = lambda label: True,
    off: tuple[str, ...] = (),
    most_grown: int = MOST_GROWN,
) -> Fuzzed:
    """Ask each chosen operation of the app; `examples` fuzzed requests an operation, `off` are checks that do not apply.

    An operation after which the process holds over `most_grown` bytes more than at the start is a finding, and so is one that asks for
    `RESERVED` more than that: it does not get it. A run that does not come to its end is one, too.
    """
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "request-timeout": 120.0,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "checks": CHECKS | {name: {"enabled": False} for name in off},
            "phases": {name: {"enabled": name in phases} for name in (*EVERY_PHASE, "stateful")},
        }
    )
    document = app.openapi()
    paths = {
        path: {method: operation for method, operation in item.items() if chosen(f"{method.upper()} {path}")}
        for path, item in document["paths"].items()
    }
    schema = schemathesis.openapi.from_dict(document | {"paths": {path: item for path, item in paths.items() if item}}, config=config)
    schema.app = app
    found = Fuzzed()
    with bounded(most_grown + RESERVED) as grown:
        for event in from_schema(schema).execute():
            _note(found, event)
            if isinstance(event, events.ScenarioFinished):
                found.findings += _grown(event, grown, most_grown)
    return found


def _note(found: Fuzzed, event: Any) -> None:
    if isinstance(event, events.NonFatalError):
        found.findings.append(f"{event.label}: {event.value!r}")
    elif isinstance(event, events.FatalError):
        found.findings.append(f"schemathesis stopped: {event.exception!r}")
    elif isinstance(event, events.EngineFinished):
        if event.stop_reason is not StopReason.COMPLETED:
            found.findings.append(f"schemathesis did not come to its end: {event.stop_reason.value}")
    elif isinstance(event, events.ScenarioFinished):
        recorder = event.recorder
        found.requests[recorder.label][event.phase.value] += len(recorder.interactions)
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                found.statuses[recorder.label][interaction.response.status_code] += 1
        found.findings += _failures(event)


def _grown(event: events.ScenarioFinished, grown: Grown, most: int) -> Iterator[str]:
    """Says so, once, where the process has grown beyond the bound by this scenario."""
    if grown.more_bytes > most:
        yield f"{event.recorder.label} | {event.phase.value} | the process has grown by {grown.more_bytes / 2**20:,.0f} MB"
        grown.at_first += most


def _failures(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None and not _is_narrower(event.recorder.label, check.name):
                info = check.failure_info
                yield f"{event.recorder.label} | {event.phase.value} | {check.name}: {info.failure}\n    {info.code_sample}"


def _is_narrower(label: str, check: str) -> bool:
    """A collection that came from a file takes fewer methods than the document says of collections: its `Allow` is true all the same."""
    return check == "allow_header_conformance" and label.startswith("OPTIONS /collections/")
