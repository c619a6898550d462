"""A catalogue of what is shared with whom, read from TOML; what is not in it does not leave. Unknown keys are findings, not ignored."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spatial.issue import Issue, Severity
from twin.errors import Refused
from twin.queries.share.masks import DIVISION_DIGITS, MASKS, Mask
from twin.queries.share.terms import DATASET, FORMATS, FREQUENCIES, NOT_SHARED, RECEIVER, SHARING, Term

__all__ = ["Dataset", "Definition", "Receiver", "SharedField", "read_definition"]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
TOP = ("catalogue", "receiver", "dataset")
CATALOGUE_KEYS = ("名称", "版本")
RECEIVER_KEYS = ("name", "labels", "sites", "units", "values")
DATASET_KEYS = ("name", "collection", "receivers", "format", "crs", "filter", "identifier", "field")
FIELD_KEYS = ("name", "mask", "keep", "digits", "level", "名称", "名称英文", "描述")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who receives, and at most what of the twin: labels, sites and units (`*`: all), amounts of money or not."""

    name: str
    labels: frozenset[str]
    sites: frozenset[str]
    units: frozenset[str]
    values: bool
    terms: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedField:
    """A field that leaves, and how; `zh`, `en`, `about` are empty where the catalogue leaves it to the collection."""

    name: str
    mask: Mask | None
    zh: str = ""
    en: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A collection as it is shared: with whom, which fields, which items, in which form. `hashed`: its ids leave as pseudonyms."""

    name: str
    collection: str
    receivers: tuple[str, ...]
    format: str
    crs: str | None
    filter: str | None
    hashed: bool
    fields: tuple[SharedField, ...]
    terms: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A catalogue as read, with all that is wrong with it."""

    receivers: Mapping[str, Receiver]
    datasets: Mapping[str, Dataset]
    issues: Sequence[Issue] = field(default_factory=tuple)


def read_definition(path: Path) -> Definition:
    """The catalogue in a TOML file and every finding on it. Raises Refused (`SHARE_CATALOGUE_UNREADABLE`)."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(
            f"{path.name} cannot be read: {error}", code="SHARE_CATALOGUE_UNREADABLE", path=str(path), hint="TOML in UTF-8: docs/sharing.md"
        ) from error
    return _Reading(path.name).definition(document)


class _Reading:
    """One reading: what it finds is collected, and it stops at nothing."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.issues: list[Issue] = []

    def definition(self, document: Mapping[str, Any]) -> Definition:
        self.known(document, TOP, "")
        about = self.table(document.get("catalogue", {}), "catalogue")
        self.known(about, CATALOGUE_KEYS, "catalogue")
        for name in CATALOGUE_KEYS:
            self.text(about, name, "catalogue", required=True)
        receivers = self.named(document.get("receiver", []), "receiver", self.receiver)
        datasets = self.named(document.get("dataset", []), "dataset", self.dataset)
        for dataset in datasets.values():
            for name in dataset.receivers:
                if name not in receivers:
                    self.note("SHARE_RECEIVER_UNKNOWN", f"dataset.{dataset.name}.receivers", f"there is no receiver {name!r}")
        return Definition(receivers=receivers, datasets=datasets, issues=tuple(self.issues))

    def receiver(self, given: Mapping[str, Any], path: str) -> Receiver:
        self.known(given, (*RECEIVER_KEYS, *RECEIVER), path)
        labels, sites, units = (frozenset(self.texts(given, name, path)) for name in ("labels", "sites", "units"))
        if "*" in labels:
            self.note("SHARE_VALUE_INVALID", f"{path}.labels", "the labels a receiver may have are named one by one")
        values = given.get("values")
        if not isinstance(values, bool):
            self.note("SHARE_VALUE_MISSING", f"{path}.values", "says true or false: whether amounts of money may leave")
        terms = self.terms(given, RECEIVER, path)
        return Receiver(name=given["name"], labels=labels, sites=sites, units=units, values=values is True, terms=terms)

    def dataset(self, given: Mapping[str, Any], path: str) -> Dataset:
        self.known(given, (*DATASET_KEYS, *DATASET), path)
        terms = self.terms(given, DATASET, path)
        self.one_of(terms.get("共享类型"), SHARING, f"{path}.共享类型")
        self.one_of(terms.get("更新周期"), FREQUENCIES, f"{path}.更新周期")
        if terms.get("共享类型") == NOT_SHARED:
            self.note("SHARE_NOT_SHARED", f"{path}.共享类型", "a resource of this kind is in the catalogue and does not leave")
        if terms.get("共享类型") == "有条件共享" and "共享条件" not in terms:
            self.note("SHARE_VALUE_MISSING", f"{path}.共享条件", "what is shared on a condition names it")
        form = self.text(given, "format", path, required=True)
        self.one_of(form or None, tuple(FORMATS), f"{path}.format")
        identifier = self.text(given, "identifier", path, required=True)
        self.one_of(identifier or None, ("plain", "hash"), f"{path}.identifier")
        fields = self.fields(given.get("field", []), path)
        crs = self.text(given, "crs", path) or None
        shaped = any(one.name == "geometry" and (one.mask is None or one.mask.kind != "drop") for one in fields)
        if shaped and crs is None:
            self.note("SHARE_VALUE_MISSING", f"{path}.crs", "what has a geometry names its CRS")
        return Dataset(
            name=given["name"],
            collection=self.text(given, "collection", path, required=True),
            receivers=tuple(self.texts(given, "receivers", path)),
            format=form if form in FORMATS else "csv",
            crs=crs,
            filter=self.text(given, "filter", path) or None,
            hashed=identifier != "plain",
            fields=fields,
            terms=terms,
        )

    def fields(self, given: Any, path: str) -> tuple[SharedField, ...]:
        found: list[SharedField] = []
        tables = given if isinstance(given, list) else []
        if not tables:
            self.note("SHARE_VALUE_MISSING", f"{path}.field", "names at least one field: what is not named does not leave")
        for number, one in enumerate(tables):
            here = f"{path}.field[{number}]"
            table = self.table(one, here)
            self.known(table, FIELD_KEYS, here)
            name = self.text(table, "name", here, required=True)
            if name in {other.name for other in found}:
                self.note("SHARE_VALUE_INVALID", here, f"{name} is listed twice")
            zh, en, about = (self.text(table, key, here) for key in ("名称", "名称英文", "描述"))
            found.append(SharedField(name=name, mask=self.mask(table, here), zh=zh, en=en, about=about))
        return tuple(found)

    def mask(self, table: Mapping[str, Any], path: str) -> Mask | None:
        given = {name for name in ("keep", "digits", "level") if name in table}
        if "mask" not in table:
            if given:
                self.note("SHARE_MASK_INVALID", path, f"{', '.join(sorted(given))} without a mask")
            return None
        kind = self.text(table, "mask", path)
        if kind not in MASKS:
            self.note("SHARE_MASK_INVALID", path, f"there is no mask {kind!r}: {', '.join(MASKS)}")
            return Mask(kind="drop")
        wanted = MASKS[kind].argument
        argument = table.get(wanted) if wanted else None
        fits = {"": True, "keep": _is_number(argument, 1), "digits": _is_number(argument, -12), "level": argument in DIVISION_DIGITS}[
            wanted
        ]
        if not fits or given != ({wanted} - {""}):
            self.note("SHARE_MASK_INVALID", path, f"mask {kind} needs {wanted or 'no argument'}, and nothing else")
            return Mask(kind="drop")
        return Mask(kind=kind, argument=argument)

    def named(self, given: Any, what: str, read: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, one in enumerate(given if isinstance(given, list) else []):
            path = f"{what}[{number}]"
            table = self.table(one, path)
            name = self.text(table, "name", path, required=True)
            if not NAME.fullmatch(name) or name in found:
                self.note("SHARE_VALUE_INVALID", f"{path}.name", f"{name!r} is taken, or not of lower-case letters, digits, - and _")
                continue
            found[name] = read(table, f"{what}.{name}")
        if not found:
            self.note("SHARE_VALUE_MISSING", what, f"a catalogue has at least one [[{what}]]")
        return found

    def terms(self, given: Mapping[str, Any], terms: Mapping[str, Term], path: str) -> dict[str, str]:
        said = {name: self.text(given, name, path, required=term.required) for name, term in terms.items()}
        return {name: value for name, value in said.items() if value}

    def known(self, given: Mapping[str, Any], keys: Iterable[str], path: str) -> None:
        known = set(keys)
        for name in given:
            if name not in known:
                self.note("SHARE_KEY_UNKNOWN", f"{path}.{name}".lstrip("."), f"there is no such key; known: {', '.join(sorted(known))}")

    def table(self, given: Any, path: str) -> Mapping[str, Any]:
        if isinstance(given, dict):
            return given
        self.note("SHARE_VALUE_INVALID", path, "is a table")
        return {}

    def text(self, given: Mapping[str, Any], name: str, path: str, *, required: bool = False) -> str:
        value = given.get(name, "")
        if not isinstance(value, str):
            self.note("SHARE_VALUE_INVALID", f"{path}.{name}", "is a text")
            return ""
        if required and not value.strip():
            self.note("SHARE_VALUE_MISSING", f"{path}.{name}", "is not said")
        return value.strip()

    def texts(self, given: Mapping[str, Any], name: str, path: str) -> list[str]:
        value = given.get(name)
        if isinstance(value, list) and value and all(isinstance(one, str) and one for one in value):
            return value
        self.note("SHARE_VALUE_MISSING" if value in (None, []) else "SHARE_VALUE_INVALID", f"{path}.{name}", "is a list of texts")
        return []

    def one_of(self, value: str | None, known: Sequence[str], path: str) -> None:
        if value is not None and value not in known:
            self.note("SHARE_VALUE_INVALID", path, f"{value!r} is none of {', '.join(known)}")

    def note(self, code: str, path: str, message: str) -> None:
        self.issues.append(Issue(code=code, path=path, message=message, severity=Severity.ERROR, source=self.file))


def _is_number(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 1000
