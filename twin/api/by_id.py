"""An asset by its code, several thousand times a second: `/assets/CODE` and `/collections/assets/items/CODE` without ceremony.

Stands before everything else and answers only what is certain: a plain GET whose key is known for the state the store is in
(`twin.store.watch`), of an asset that its holder may know of. Whatever is else (another method, a parameter, a session, a wrong or
revoked key, an unknown or hidden code, a store that has just changed) goes the way of every request; both ways say the same bytes.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from twin.api.item_answers import item_document, item_tag, plain_crs
from twin.api.keyring import Keyring
from twin.api.middleware import LOCAL_HOSTS, POLICY, host_of
from twin.api.negotiation import GEOJSON
from twin.api.preconditions import tag_of
from twin.api.sending import EACH_TIME, encode_json, is_known
from twin.auth import Action, Principal, authorise, local_administrator, permitted_labels
from twin.codes import get_kind
from twin.errors import TwinError
from twin.queries.items.catalogue import Catalogue, ItemReader
from twin.queries.items.records import RecordItems
from twin.queries.records.context import reader_of
from twin.queries.records.documents import record_document
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record, records_of_rows
from twin.records.scope import Reader, place_of
from twin.records.seen import plain_statement
from twin.records.told_rows import told_of
from twin.records.unit_tree import UnitTree
from twin.store.watch import Watch

__all__ = ["ById"]

RECORDS, ITEMS = "/assets/", "/collections/assets/items/"
ACTIONS = {RECORDS: Action.READ_RECORD, ITEMS: Action.READ_FEATURE}
NEEDLESS = frozenset({b"cookie", b"origin", b"if-match", b"range", b"upgrade"})
"""Headers that ask for more than this knows of."""
POLICY_RAW = tuple((name.lower().encode(), value.encode()) for name, value in POLICY.items())
TAKEN = frozenset({b"*/*", b"application/geo+json", b"application/json"})
LOCAL = local_administrator()
KEPT = 4096
GivenHeaders: TypeAlias = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address says: its body, tag and type, the CRS of a feature."""

    body: bytes
    tag: str
    media_type: str
    crs: str = ""


@dataclass(slots=True)
class State:
    """What answers are made of, all of the state of the store that `number` stands for."""

    number: int
    places: PlaceTree
    units: UnitTree
    readers: dict[Principal, "Known"] = field(default_factory=dict)
    answers: OrderedDict[tuple[str, str, Principal], Answer] = field(default_factory=OrderedDict)


@dataclass(frozen=True, slots=True)
class Known:
    """What one principal may know of; `unit_terms` are the texts that name their units, None for all."""

    reader: Reader
    item_reader: ItemReader
    items: RecordItems
    unit_terms: frozenset[int] | None


class ById:
    """The layer; `watch` is that of the store, `keyring` None where every request is the local administrator's."""

    def __init__(self, app: ASGIApp, catalogue: Catalogue, keyring: Keyring | None, watch: Watch, reserved: Collection[str]) -> None:
        """`reserved` are what other routes have in the place of a code."""
        self.app = app
        self._reserved = frozenset(reserved)
        self._catalogue, self._keyring, self._watch = catalogue, keyring, watch
        self._kind = get_kind("asset")
        self._statement = plain_statement(self._kind, "key", catalogue.store.database.reader.dialect)
        self._state: State | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        prefix = self._prefix_of(scope)
        if prefix is not None:
            headers = dict(scope["headers"])
            found = self._find(scope, headers, prefix) if _is_plain(scope, headers, prefix) else None
            if found is not None:
                await _send(found, headers, send)
                return
        await self.app(scope, receive, send)

    def _prefix_of(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"] or scope.get("root_path"):
            return None
        path: str = scope["path"]
        prefix = next((one for one in (RECORDS, ITEMS) if path.startswith(one)), None)
        if prefix is None or "/" in path[len(prefix) :] or path[len(prefix) :] in self._reserved:
            return None
        return prefix

    def _find(self, scope: Scope, headers: GivenHeaders, prefix: str) -> Answer | None:
        try:
            return self._answer(scope, headers, prefix)
        except (sqlite3.Error, TwinError):  # the ordinary way says what is wrong
            return None

    def _answer(self, scope: Scope, headers: GivenHeaders, prefix: str) -> Answer | None:
        number = self._watch.number()
        principal = self._principal(scope, headers, number)
        if principal is None:
            return None
        authorise(principal, ACTIONS[prefix], None)
        authorise(principal, Action.READ_RECORD, None)
        state = self._state
        if state is None or state.number != number:
            state = self._state = self._read_state(number)
        if state is None:
            return None
        path = scope["path"]
        base = f"{scope['scheme']}://{headers[b'host'].decode('latin-1')}" if prefix == ITEMS else ""
        key = (path, base, principal)
        answer = state.answers.get(key)
        if answer is None:
            answer = self._make(state, principal, prefix, path[len(prefix) :], base)
            if answer is not None:
                state.answers[key] = answer
                if len(state.answers) > KEPT:
                    state.answers.popitem(last=False)
        return answer

    def _principal(self, scope: Scope, headers: GivenHeaders, number: int) -> Principal | None:
        if self._keyring is None:
            return LOCAL if host_of(headers[b"host"].decode("latin-1")) in LOCAL_HOSTS else None
        sent, client = headers.get(b"authorization"), scope.get("client")
        return None if sent is None else self._keyring.find_known(sent, client[0] if client else "", number)

    def _read_state(self, number: int) -> State | None:
        """The state of the number; None where the store has moved on, or its trees would have to be read: not here, others wait."""
        shelf = self._catalogue.registers.shelf
        with self._catalogue.store.database.reading() as connection:
            trees = shelf.trees_at_hand(connection)
        return State(number, *trees) if trees is not None and self._watch.number() == number else None

    def _make(self, state: State, principal: Principal, prefix: str, key: str, base: str) -> Answer | None:
        rows = self._watch.rows_at(state.number, self._statement.text, self._statement.with_value(key))
        records = records_of_rows(self._kind, rows) if rows is not None else []
        if len(records) != 1 or records[0].ended is not None or records[0].key != key:
            return None
        known = state.readers.get(principal)
        if known is None:
            known = state.readers[principal] = self._known(state, principal)
        if not _may_know(records[0], known, state.places):
            return None
        if prefix == RECORDS:
            document = record_document(self._kind, records[0], known.reader, state.places)
            body = encode_json(document)
            return Answer(body, tag_of(records[0].version, body), "application/json")
        (item,) = known.items.of(told_of(self._kind, records))
        crs = plain_crs([item])
        body = encode_json(item_document(item, known.item_reader.sites, self._kind.plural, crs, base))
        return Answer(body, item_tag(item, body), GEOJSON, crs.uri)

    def _known(self, state: State, principal: Principal) -> Known:
        reader = reader_of(principal)
        item_reader = self._catalogue.reader(principal.scopes, permitted_labels(principal), reader)
        units = None if reader.units is None else frozenset(state.units.terms_of(state.units.permitted(reader.units)))
        return Known(reader, item_reader, RecordItems(self._kind, state.places, item_reader), units)


def _is_plain(scope: Scope, headers: GivenHeaders, prefix: str) -> bool:
    """Whether no header is given twice or asks for more than this knows of, nor for another form of an item."""
    plain = len(headers) == len(scope["headers"]) and b"host" in headers and NEEDLESS.isdisjoint(headers)
    return plain and (prefix == RECORDS or headers.get(b"accept", b"*/*").lower() in TAKEN)


def _may_know(record: Record, known: Known, places: PlaceTree) -> bool:
    """Whether the asset is certainly not hidden from this reader: what its labels or units leave in doubt others decide."""
    if known.unit_terms is not None and record.row["unit_id"] not in known.unit_terms:
        return False
    if known.reader.labels is None:
        return True
    position = place_of(get_kind("asset"), record, places)
    gone = record.row["place_id"] is not None and places.position(record.row["place_id"]) == NOWHERE
    return not gone and places.is_visible(position, known.reader.labels)


async def _send(answer: Answer, headers: GivenHeaders, send: Send) -> None:
    sent = [(b"etag", answer.tag.encode()), (b"cache-control", EACH_TIME.encode()), *POLICY_RAW]
    vary = []
    if answer.crs:
        sent.append((b"content-crs", f"<{answer.crs}>".encode()))
        vary.append(b"Accept")
    if b"if-none-match" in headers and is_known(Headers(raw=list(headers.items())), answer.tag):
        sent += [(b"vary", one) for one in vary]
        await send({"type": "http.response.start", "status": 304, "headers": sent})
        await send({"type": "http.response.body", "body": b""})
        return
    vary.append(b"Accept-Encoding")
    sent += [
        (b"content-type", answer.media_type.encode()),
        (b"vary", b", ".join(vary)),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": sent})
    await send({"type": "http.response.body", "body": answer.body})
