"""Frames put together by a client that knows nothing else are what the reader may see of the state, however slowly it reads."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.live.state import ROW, LiveState
from twin.queries.live.feed import Asked, Basis, Feed, Told, view_of
from twin.queries.live.visible import Permitted
from viewer.live import decode_frame

NOW = 1_795_700_000_000_000
BOX = (100.0, 20.0, 110.0, 30.0)
HIDDEN = "zone:hidden"
moves = st.lists(
    st.dictionaries(st.integers(0, 9), st.tuples(st.integers(95, 115), st.integers(15, 35), st.booleans()), min_size=1, max_size=4),
    max_size=12,
)
readers = st.lists(st.tuples(st.sampled_from(["everyone", "officer", "clerk"]), st.booleans(), st.integers(1, 4)), min_size=1, max_size=4)
KEYS = {"officer": frozenset(f"vehicle/{key}" for key in range(10)), "clerk": frozenset({"vehicle/1", "vehicle/2", "gate/G"})}


def permitted(name: str) -> Permitted:
    if name == "everyone":
        return Permitted(version=1, everything=True)
    return Permitted(version=2, everything=False, keys=KEYS[name], features=frozenset({"zone:open"}))


@dataclass
class Client:
    """What a page would have on its screen."""

    reader: str
    asked: Asked
    every: int
    basis: Basis | None = None
    names: dict[int, str] = field(default_factory=dict)
    shown: dict[int, tuple[int, int]] = field(default_factory=dict)

    def read(self, told: Told) -> None:
        for text in told.texts:
            message = json.loads(text)
            if message["type"] == "names":
                self.names |= {handle: f"{kind}/{key}" for handle, kind, key, _ in message["names"]}
        if told.frame is not None:
            frame = decode_frame(told.frame)
            if frame.full:
                self.shown.clear()
            for handle, lon, lat in zip(frame.handle.tolist(), frame.lon_e7.tolist(), frame.lat_e7.tolist(), strict=True):
                self.shown[handle] = lon, lat
            for handle in frame.gone.tolist():
                assert handle in self.names
                self.shown.pop(handle, None)
        self.basis = told.basis


def expected(state: LiveState, client: Client) -> dict[str, tuple[int, int]]:
    """What it may see, by the plainest way there is."""
    found = {}
    for handle, address in enumerate(state.addresses):
        row = state.current[handle]
        if client.reader != "everyone" and (address not in KEYS[client.reader] or HIDDEN in state.places[int(row["place"])]):
            continue
        lon, lat = int(row["lon_e7"]), int(row["lat_e7"])
        if client.asked.box is not None and not (BOX[0] * 1e7 <= lon <= BOX[2] * 1e7 and BOX[1] * 1e7 <= lat <= BOX[3] * 1e7):
            continue
        found[address] = lon, lat
    return found


@settings(max_examples=150)
@given(moves, readers)
def test_each_client_has_what_it_may_see(steps, who) -> None:
    state = LiveState()
    kinds = {name: permitted(name) for name, _, _ in who}
    clients = [Client(name, Asked(box=BOX) if boxed else Asked(), every) for name, boxed, every in who]
    for turn, step in enumerate([*steps, {}, {}, {}, {}]):
        if step:
            handles = state.handles([f"vehicle/{key}" for key in step])
            rows = np.zeros(len(step), dtype=ROW)
            rows["lon_e7"] = [lon * 10_000_000 for lon, _, _ in step.values()]
            rows["lat_e7"] = [lat * 10_000_000 for _, lat, _ in step.values()]
            rows["place"] = [state.place((HIDDEN,) if hidden else ("zone:open",)) for _, _, hidden in step.values()]
            rows["placed"] = 1
            state.put(handles, rows, {}, now_us=NOW + turn)
        feed = Feed(state, NOW + turn)
        for client in clients:
            if turn % client.every == 0 or turn >= len(steps) + 3:
                reader = kinds[client.reader]
                client.read(feed.full(reader, client.asked) if client.basis is None else feed.since(client.basis, reader, client.asked))
    for client in clients:
        assert {client.names[handle]: place for handle, place in client.shown.items()} == expected(state, client)
        assert client.reader == "everyone" or set(client.names.values()) <= KEYS[client.reader]


def stood(state: LiveState, place: tuple[str, ...]) -> None:
    document = {"kind": "gate", "key": "G", "state": "open", "place": place}
    state.put(state.handles([]), np.zeros(0, dtype=ROW), {"gate/G": document}, now_us=NOW)


def test_a_state_is_told_when_it_changed_to_who_may_know_of_it() -> None:
    state = LiveState()
    stood(state, ())
    feed = Feed(state, NOW)
    assert ['"id":"gate/G"' in text for text in feed.full(permitted("clerk"), Asked()).texts] == [True]
    assert feed.full(permitted("officer"), Asked()).texts == ()
    assert feed.full(permitted("clerk"), Asked(kinds=frozenset({"door"}))).texts == ()
    basis = feed.full(permitted("clerk"), Asked()).basis
    assert Feed(state, NOW).since(basis, permitted("clerk"), Asked()).texts == ()
    stood(state, (HIDDEN,))
    assert Feed(state, NOW).since(basis, permitted("clerk"), Asked()).texts == ()


def test_watchers_who_are_as_far_share_a_frame_and_another_permission_begins_anew() -> None:
    state, everyone = LiveState(), permitted("everyone")
    rows = np.zeros(1, dtype=ROW)
    rows["placed"] = 1
    state.put(state.handles(["vehicle/1"]), rows, {}, now_us=NOW)
    first = Feed(state, NOW).full(everyone, Asked()).basis
    state.put(state.handles(["vehicle/1"]), rows, {}, now_us=NOW)
    feed = Feed(state, NOW)
    assert feed.since(first, everyone, Asked()) is feed.since(first, everyone, Asked())
    other = Permitted(version=9, everything=False)
    told = feed.since(first, other, Asked())
    assert told.frame is not None
    assert (decode_frame(told.frame).full, len(decode_frame(told.frame).handle)) == (True, 0)


def test_devices_that_come_within_a_tick_are_told_by_it_or_by_the_next() -> None:
    state, vehicles, feeds = LiveState(), Asked(kinds=frozenset({"vehicle"})), []
    shown: set[int] = set()
    basis = None
    for key in range(80):
        rows = np.zeros(2, dtype=ROW)
        rows["placed"] = 1
        if key % 3 == 0:
            feeds.append(Feed(state, NOW))
        everyone = permitted("everyone")
        feeds[-1].full(permitted("officer"), vehicles)
        state.put(state.handles([f"vehicle/{key}", f"guard/{key}"]), rows, {}, now_us=NOW)
        told = feeds[-1].full(everyone, vehicles) if basis is None else feeds[-1].since(basis, everyone, vehicles)
        basis = told.basis
        shown |= set() if told.frame is None else set(decode_frame(told.frame).handle.tolist())
    assert shown == set(range(0, 160, 2))


def test_who_missed_a_tick_is_again_as_far_as_the_others() -> None:
    state, everyone = LiveState(), permitted("everyone")

    def step(key: int) -> Feed:
        rows = np.zeros(1, dtype=ROW)
        rows["placed"] = 1
        state.put(state.handles([f"vehicle/{key}"]), rows, {}, now_us=NOW)
        return Feed(state, NOW)

    fast = slow = step(1).full(everyone, Asked()).basis
    fast = step(2).since(fast, everyone, Asked()).basis
    feed = step(3)
    fast, slow = feed.since(fast, everyone, Asked()).basis, feed.since(slow, everyone, Asked()).basis
    assert fast is slow


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        {"kind": ["x"]},
        {"kinds": "vehicle"},
        {"kinds": [1]},
        {"bbox": [1, 2, 3]},
        {"bbox": [0, 9, 1, 3]},
        {"bbox": [0, True, 1, 3]},
    ],
)
def test_a_wish_of_another_form_is_refused_in_words(wanted: object) -> None:
    with pytest.raises(ValueError, match=r"subscribe|kinds|bbox|site"):
        view_of(wanted)


def test_a_wish_is_kinds_and_a_box() -> None:
    assert view_of({"kinds": ["vehicle"], "bbox": [1, 2, 3, 4]}) == Asked(kinds=frozenset({"vehicle"}), box=(1, 2, 3, 4))
    assert view_of({}) == Asked()
