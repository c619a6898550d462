"""The living part of the stand-in service: frames of `/live` to every socket, events, states, incidents and a past of the tiny compound."""

import base64
import hashlib
import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from viewer.live import HEADING_UNKNOWN, HEIGHT_UNKNOWN, MOVING, SPEED_UNKNOWN, Frame, encode_frame

__all__ = ["CAMERAS", "EAST_M", "GUEST", "LAT", "LON", "NORTH_M", "OWN", "SEGMENT", "Car", "TinyLive"]

KEY_OF_RFC_6455 = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE = 1, 2, 8
Document = dict[str, Any]


@dataclass(slots=True)
class Car:
    """Something that moves, as the next frame tells of it."""

    handle: int
    key: str
    lon: float
    lat: float
    heading_deg: float | None = 0.0
    speed_kmh: float | None = 36.0
    height_m: float | None = 30.0
    accuracy_m: float = 5.0
    bits: int = MOVING
    kind: str = "vehicle"
    name: str | None = None
    age_ms: int = 0
    verdict: int = 0


LON, LAT, FLOOR_M = 119.30, 26.10, 30.0
NORTH_M, EAST_M = 1 / 111_194, 1 / 99_850
"""Degrees a metre there."""
GUARD = "guard/G-7"
STATES_A_PAGE = 3
WORDS = {"acknowledge": "acknowledged", "close": "closed", "comment": "comment"}
GATE = "gate/GATE-01"
OWN, GUEST = "闽A00001", "闽A77777"
VISITOR: Document = {"kind": "visit", "key": "V-1", "name": "陈客"}
SEGMENT = "perimeter_segment/PER-01"
CAMERAS = ("camera/CAM-001", "camera/CAM-002")
BEGAN = "2026-11-27T00:00:00Z"


def place_at(east_m: float, north_m: float, up_m: float = 0.0) -> Document:
    """Where something is, metres from the origin of the tiny site."""
    spot = {"lon": LON + east_m * EAST_M, "lat": LAT + north_m * NORTH_M, "height_m": FLOOR_M + up_m}
    return spot | {"site_xyz": [east_m, north_m, up_m]}


@dataclass(slots=True)
class TinyLive:
    """What is live; `allowed` False answers 403 to all of it. `past` is where cars were, by the moment asked for in seconds."""

    allowed: bool = True
    states: dict[str, Document] = field(default_factory=dict)
    incidents: dict[int, Document] = field(default_factory=dict)
    logs: dict[int, list[Document]] = field(default_factory=dict)
    taken: list[Document] = field(default_factory=list)
    listeners: list[queue.Queue[bytes | None]] = field(default_factory=list)
    heard: list[str | None] = field(default_factory=list)
    event: int = 100
    past: Callable[[float], list[Car]] = lambda _: []
    cars: dict[int, Car] = field(default_factory=dict)
    said: list[Document] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    number: int = 0
    inside: dict[str, dict[str, Document | None]] = field(
        default_factory=lambda: {"vehicle": {OWN: None, GUEST: VISITOR}, "person": {"P-1": None}}
    )
    told: list[Document] = field(default_factory=list)
    """What vehicles were told, the oldest first; a terminal answers with `result`."""
    result: int = 0
    names: bool = True
    """Whether the muster list names people."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def attach(self, connection: socket.socket, key: str, answer: Callable[[bytes], object]) -> None:
        """Speak WebSocket on a connection until its other end leaves."""
        accept = base64.b64encode(hashlib.sha1(key.encode() + KEY_OF_RFC_6455).digest()).decode()
        head = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}")
        answer("\r\n".join((*head, "", "")).encode())
        with self.lock:
            self.sockets.append(connection)
        try:
            while (message := _read(connection)) is not None:
                self.said.append(json.loads(message))
                with self.lock:
                    self._greet(connection)
        finally:
            with self.lock:
                if connection in self.sockets:
                    self.sockets.remove(connection)

    def put(self, *cars: Car) -> None:
        """Have these among what moves, and say where all is in a full frame."""
        with self.lock:
            self.cars |= {car.handle: car for car in cars}
            for each in list(self.sockets):
                self._greet(each)

    def tell(self, *cars: Car, gone: tuple[int, ...] = ()) -> None:
        """A frame with what changed."""
        with self.lock:
            names = self._names([car for car in cars if car.handle not in self.cars])
            self.cars |= {car.handle: car for car in cars}
            for handle in gone:
                self.cars.pop(handle, None)
            frame = self._frame(list(cars), full=False, gone=gone)
            for each in list(self.sockets):
                _write(each, TEXT, names)
                _write(each, BINARY, frame)

    def say(self, document: Document) -> None:
        """A message in words to all that listen."""
        with self.lock:
            for each in list(self.sockets):
                _write(each, TEXT, json.dumps(document, ensure_ascii=False).encode())

    def hang_up(self) -> None:
        """Break every line, as a service does that is started anew."""
        with self.lock:
            for each in self.sockets:
                each.shutdown(socket.SHUT_RDWR)

    def __post_init__(self) -> None:
        self.stand(GATE, "normal", entered=12, left=9)
        self.stand(SEGMENT, "normal", place_at(0, 30))
        self.stand("perimeter_segment/PER-02", "masked")
        self.stand("door/D-1", "closed", place_at(9, 0, 3.6))

    def happen(self, number: int, severity: int = 4, *, site: str = "tiny", tell: bool = True, **other: object) -> Document:
        """An incident at the north wall begins, and whoever listens is told."""
        incident: Document = {
            "id": number,
            "site": site,
            "kind": "intrusion",
            "title": {"zh": f"周界入侵 {number}", "en": f"Intrusion {number}"},
            "severity": severity,
            "state": "open",
            "since": f"2026-11-27T00:{len(self.incidents):02}:00Z",
            "until": f"2026-11-27T00:{len(self.incidents):02}:30Z",
            "count": 1,
            "place": place_at(0, 30) | dict.fromkeys(("room", "storey", "building", "zone")) | {"segment": "perimeter_segment:PER-01"},
            "devices": [{"id": SEGMENT, "kind": "perimeter_segment", "name": "北墙防区", "count": 1}],
            "flapping": False,
        }
        self.incidents[number] = incident | other
        self.logs[number] = [{"time": incident["since"], "who": None, "what": "opened", "why": None, "facts": {}}]
        if tell:
            self.news(number, "opened")
        return self.incidents[number]

    def news(self, number: int, change: str) -> None:
        """Tell of what changed of an incident: of one of its parts, as the service does."""
        incident = self.incidents[number]
        told = {name: incident[name] for name in ("kind", "title", "severity", "state", "count", "flapping")}
        self.send_event("pingshan.incident", {"incident": number, "change": change, "notify": change != "alarms"} | told)

    def send_event(self, kind: str, data: Document) -> None:
        """An event with the next number to all that listen."""
        self.event += 1
        told = {"specversion": "1.0", "id": str(self.event), "type": kind, "source": "/tiny", "time": BEGAN, "data": data}
        self._send(f"id: {self.event}\nevent: {kind}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n")

    def send_gap(self) -> None:
        """Say that some events will not come."""
        self._send(f"event: pingshan.gap\ndata: {json.dumps({'from': self.event, 'to': self.event + 5})}\n\n")

    def break_events(self) -> None:
        """End every line of events."""
        with self.lock:
            for each in self.listeners:
                each.put(None)

    def listen(self, last: str | None, send: Callable[[bytes], object]) -> None:
        """Speak to one who listens to events until that one leaves."""
        mine: queue.Queue[bytes | None] = queue.Queue()
        with self.lock:
            self.listeners.append(mine)
            self.heard.append(last)
        try:
            send(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\nretry: 300\n\n"
            )
            while (told := mine.get()) is not None:
                send(told)
        except OSError:
            pass
        finally:
            with self.lock:
                self.listeners.remove(mine)

    def get(self, parts: list[str], query: Mapping[str, str]) -> Document | None:
        """What GET answers, None for what is not of this part."""
        match parts:
            case ["live", "states"]:
                later = [one for key, one in sorted(self.states.items()) if key > query.get("after", "")]
                return {
                    "at": BEGAN,
                    "states": later[:STATES_A_PAGE],
                    "next": later[STATES_A_PAGE - 1]["id"] if later[STATES_A_PAGE:] else None,
                }
            case ["live", "at"]:
                moment = datetime.fromisoformat(query["datetime"])
                return {"type": "FeatureCollection", "features": [_position(car, moment) for car in self.past(moment.timestamp())]}
            case ["live", "tracks", _, _]:
                points = [[LON, LAT], [LON + 20 * EAST_M, LAT]]
                return {"type": "Feature", "geometry": {"type": "LineString", "coordinates": points}, "properties": {"times": [BEGAN] * 2}}
            case ["incidents"]:
                wanted = query.get("state")
                found = [one for one in self.incidents.values() if wanted in (None, one["state"])]
                if "datetime" in query:
                    moment = datetime.fromisoformat(query["datetime"])
                    known = [one for one in self.incidents.values() if datetime.fromisoformat(one["since"]) <= moment]
                    found = [one | {"state": "open"} for one in known if wanted in (None, "open")]
                return {"incidents": found, "next": None}
            case ["incidents", number] if int(number) in self.incidents:
                return self.incidents[int(number)] | {"log": self.logs[int(number)], "flapping_devices": []}
            case ["incidents", number, "context"] if int(number) in self.incidents:
                return self.context()
            case ["collections", "cameras", "items"]:
                return {"type": "FeatureCollection", "features": [_camera(key) for key in CAMERAS]}
            case ["collections", "cameras", "items", key]:
                return _camera(f"camera/{key}")
            case ["collections", "gates", "items"]:
                return {"type": "FeatureCollection", "features": [_line("GATE-01", "南门", (-13, -30), (-7, -30))]}
            case ["collections", "perimeter", "items"]:
                west = _line("PER-02", "西墙防区", (-40, -30), (-40, 30))
                return {"type": "FeatureCollection", "features": [_line("PER-01", "北墙防区", (-30, 30), (30, 30)), west]}
            case ["collections", "doors" | "fire-points" | "panic-buttons" | "lifts", "items"]:
                return {"type": "FeatureCollection", "features": []}
            case ["collections", "zones", "items"]:
                return {"type": "FeatureCollection", "features": [_line("ZONE-03", "疏散集合点", (30, -30), (40, -30))]}
        return self.listed(parts, query)

    def listed(self, parts: list[str], query: Mapping[str, str]) -> Document | None:
        """Who is inside, passed, is announced or missing; the journeys of a vehicle, and what it was told."""
        match parts:
            case ["live", "inside"]:
                rows = [_inside(key, who) for key, who in self.inside[query["kind"]].items()]
                return {"at": BEGAN, "kind": query["kind"], "numberMatched": len(rows), "inside": rows, "next": None}
            case ["sta", "v1.1", stream, "Observations"]:
                said = {"direction": "in", "subject": "vehicle", "plate": GUEST, "granted": False}
                return {"value": [{"phenomenonTime": BEGAN, "result": said}] if "GATE-01" in stream else []}
            case ["visits"]:
                values = {"plate": GUEST, "person": "陈客", "card": None, "starts": BEGAN, "ends": None, "gate": None, "unit": "机关事务局"}
                return {"numberMatched": 1, "records": [{"key": "V-1", "values": values | {"state": "announced"}}]}
            case ["live", "trips", "vehicle", _]:
                ends = {"origin": _spot(-10, -30), "destination": _spot(0, 200), "begins_open": False, "ends_open": False}
                span = {"start": BEGAN, "end": "2026-11-27T00:20:00Z", "duration_s": 1200}
                trip = {"distance_m": 4200, "unheard_s": 400, "speed_max_kmh": 41.0}
                return {"trips": [span | trip | ends], "stops": [_spot(0, 0) | {"start": BEGAN, "end": BEGAN, "duration_s": 240}]}
            case ["live", "orders"]:
                found = {"code": "TRIP_WITHOUT_ORDER", "order": None, "from": BEGAN, "until": BEGAN, "facts": {"distance_m": 4200}}
                passed = [{"at": BEGAN, "gate": GATE, "direction": "out"}]
                check = {"vehicle": query["vehicle"], "orders": [], "passages": passed, "findings": [found]}
                return {"vehicles": [check]}
            case ["live", "vehicles", key, "commands"]:
                return {"vehicle": f"vehicle/{key}", "commands": list(reversed(self.told))}
            case ["sites", "tiny", "muster"]:
                missing = [
                    {"person": key, "since": BEGAN, "through": GATE, "last_place": None, "last_seen": None, "who": who}
                    for key, who in self.inside["person"].items()
                ]
                counts = {"inside": len(missing), "safe": 0, "missing": len(missing), "safe_people": []}
                named = missing if self.names else None
                return {
                    "since": query["since"],
                    "building": query.get("building"),
                    "points": ["zone:ZONE-03"],
                    "missing_people": named,
                } | counts
        return None

    def context(self) -> Document:
        """What surrounds every incident here."""
        route = [[LON, LAT, FLOOR_M], [LON, LAT + 28 * NORTH_M, FLOOR_M]]
        seeing = [
            {"id": key.replace("/", ":"), "name": f"摄像机 {number + 1}", "distance_m": 22.4, "pixels_per_metre": 96.0, "class": "observe"}
            for number, key in enumerate(CAMERAS)
        ]
        line = {"type": "LineString", "coordinates": route}
        return {
            "room": None,
            "doors": [{"id": "east:door1", "name": "M1", "long_name": "201 门", "distance_m": 0.1}],
            "gates": [{"id": "gate:GATE-01", "name": "南门", "distance_m": 60.2}],
            "people": [{"id": f"person/访客{number}", "kind": "person"} for number in range(10)],
            "vehicles": [],
            "assets": None,
            "assets_total": None,
            "unanswered": {"assets": {"code": "NOT_READY", "message": "the registers are read"}},
            "cameras": seeing,
            "guards": [{"id": GUARD, "name": "王保安", "route_m": 28.0, "seconds": 22.0, "route": line}],
            "procedure": {
                "title": {"zh": "周界入侵处置", "en": "Intrusion"},
                "steps": [{"zh": "调看摄像机", "en": "Look at the cameras"}, "派人"],
            },
        }

    @property
    def tag(self) -> str:
        """The ETag of every incident: what they all are now."""
        return f'"{sorted((number, one["state"]) for number, one in self.incidents.items())!r}"'

    def stale(self, seen: str | None) -> int | None:
        """The status that refuses a step which is decided upon something else than what is, or upon nothing."""
        return 428 if seen is None else None if seen == self.tag else 412

    def post(self, parts: list[str], body: Document) -> Document | None:
        """What a person does about an incident; which cameras see the points of a fan."""
        match parts:
            case ["incidents", number, "acknowledge" | "close" | "comment" as step] if int(number) in self.incidents:
                told = int(number)
                self.taken.append({"incident": told, "step": step} | body)
                state = {"acknowledge": "acknowledged", "close": "closed", "comment": self.incidents[told]["state"]}[step]
                self.incidents[told] = self.incidents[told] | {"state": state}
                self.logs[told].append({"time": BEGAN, "who": "她", "what": WORDS[step], "why": body["why"], "facts": {**body}})
                self.news(told, WORDS[step])
                return self.incidents[told]
            case ["live", "vehicles", key, "text" | "track" | "confirm" as what]:
                number = len(self.told) + 1
                message = {"text": "0x8300", "track": "0x8202", "confirm": "0x8203"}[what]
                words = (
                    {"zh": "终端已执行", "en": "the terminal did it"} if self.result == 0 else {"zh": "终端不支持", "en": "not supported"}
                )
                row = {"event": number, "at": BEGAN, "who": "她", "message": message, "said": body, "outcome": "answered", "code": None}
                self.told.append(row | {"answered": BEGAN, "gateway": "g", "result": self.result} | words)
                return {"vehicle": f"vehicle/{key}", "gateway": "g", "message": message, "result": self.result, "event": number} | words
            case ["spatial", "visible-from"]:
                self.taken.append({"seen_by": body["cameras"]})
                return {"targets": [_seen(target) for target in body["targets"]]}
        return None

    def stand(
        self, key: str, state: str, place: Document | None = None, *, entered: int = 0, left: int = 0, silent_since: str | None = None
    ) -> Document:
        """Have a device in a state, and say so; it gives its place where it knows one."""
        kind, _, number = key.partition("/")
        spot = {"lon": place and place["lon"], "lat": place and place["lat"]}
        told = {"id": key, "kind": kind, "key": number, "state": state, "since": BEGAN, "received": BEGAN, "silent_s": 1.0, "value": {}}
        self.states[key] = told | {"alarms": [], "in": entered, "out": left, "silent_since": silent_since} | spot
        self.say({"type": "states", "at": BEGAN, "states": [self.states[key]]})
        return self.states[key]

    def _send(self, text: str) -> None:
        with self.lock:
            for each in self.listeners:
                each.put(text.encode())

    def _greet(self, connection: socket.socket) -> None:
        _write(connection, TEXT, self._names(self.cars.values()))
        _write(connection, BINARY, self._frame(list(self.cars.values()), full=True))

    def _names(self, cars: Iterable[Car]) -> bytes:
        names = [[car.handle, car.kind, car.key, car.name] for car in cars]
        return json.dumps({"type": "names", "names": names}, ensure_ascii=False).encode()

    def _frame(self, cars: list[Car], *, full: bool, gone: tuple[int, ...] = ()) -> bytes:
        self.number += 1

        def unknown(value: float | None, unit: float, otherwise: int) -> int:
            return otherwise if value is None else round(value * unit)

        return encode_frame(
            Frame(
                full=full,
                tick_us=time.time_ns() // 1000,
                number=self.number,
                handle=np.array([car.handle for car in cars], dtype="<u4"),
                lon_e7=np.array([round(car.lon * 1e7) for car in cars], dtype="<i4"),
                lat_e7=np.array([round(car.lat * 1e7) for car in cars], dtype="<i4"),
                height_cm=np.array([unknown(car.height_m, 100, HEIGHT_UNKNOWN) for car in cars], dtype="<i4"),
                age_ms=np.array([car.age_ms for car in cars], dtype="<i4"),
                heading_cdeg=np.array([unknown(car.heading_deg, 100, HEADING_UNKNOWN) for car in cars], dtype="<u2"),
                speed_dkmh=np.array([unknown(car.speed_kmh, 10, SPEED_UNKNOWN) for car in cars], dtype="<u2"),
                accuracy_dm=np.array([round(car.accuracy_m * 10) for car in cars], dtype="<u2"),
                bits=np.array([car.bits for car in cars], dtype="<u2"),
                gone=np.array(gone, dtype="<u4"),
            )
        )


def _position(car: Car, moment: datetime) -> Document:
    time = (moment - timedelta(milliseconds=car.age_ms)).isoformat()
    facts = {"kind": car.kind, "key": car.key, "time": time, "speed_kmh": car.speed_kmh, "heading_deg": car.heading_deg}
    point = {"type": "Point", "coordinates": [car.lon, car.lat]}
    told = {"type": "Feature", "id": f"{car.kind}/{car.key}", "geometry": point}
    return told | {"properties": facts | {"accuracy_m": car.accuracy_m, "verdict": car.verdict, "place": []}}


def _inside(key: str, who: Document | None) -> Document:
    return {"key": key, "since": BEGAN, "through": GATE, "seen": BEGAN, "seen_at": GATE, "who": who}


def _spot(east_m: float, north_m: float) -> Document:
    return {"lon": LON + east_m * EAST_M, "lat": LAT + north_m * NORTH_M, "place": ["zone:ZONE-03"]}


def _line(code: str, name: str, start: tuple[float, float], end: tuple[float, float]) -> Document:
    line = [[LON + east * EAST_M, LAT + north * NORTH_M, FLOOR_M] for east, north in (start, end)]
    facts = {"code": code, "name": name, "low_m": FLOOR_M}
    return {"type": "Feature", "id": code, "geometry": {"type": "LineString", "coordinates": line}, "properties": facts}


def _camera(key: str) -> Document:
    """5 m up, 20 m north, looking north with a lens of 4 mm."""
    number = CAMERAS.index(key)
    lens = place_at(-20 + 40 * number, 20, 5)
    facts = {"heading": 0.0, "focal_length": 4.0, "sensor_width": 5.38, "view_range": 30.0, "mounting_height": 5.0, "room": None}
    point = {"type": "Point", "coordinates": [lens["lon"], lens["lat"], lens["height_m"]]}
    name = {"name": f"摄像机 {number + 1}", "low_m": lens["height_m"]}
    return {"type": "Feature", "id": key.partition("/")[2], "geometry": point, "properties": facts | name}


def _seen(target: Document) -> Document:
    """Every point of the fan is seen but those beyond a wall 25 m north."""
    seen = float(str(target["lat"])) < LAT + 45 * NORTH_M
    return {
        "target": {"lon_lat_height": [target["lon"], target["lat"], FLOOR_M]},
        "cameras": [{"sees": {"chest": True}}] if seen else [],
    }


def _write(connection: socket.socket, opcode: int, payload: bytes) -> None:
    size = len(payload)
    length = bytes([size]) if size < 126 else struct.pack(">BH", 126, size) if size < 1 << 16 else struct.pack(">BQ", 127, size)
    try:
        connection.sendall(bytes([0x80 | opcode]) + length + payload)
    except OSError:
        return


def _read(connection: socket.socket) -> bytes | None:
    """The next text message, None at the end. A browser sends it whole and masked."""
    try:
        head = _exactly(connection, 2)
        size = head[1] & 0x7F
        if size == 126:
            size = int.from_bytes(_exactly(connection, 2))
        mask, body = _exactly(connection, 4), _exactly(connection, size)
    except OSError:
        return None
    return None if head[0] & 0x0F == CLOSE else bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))


def _exactly(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = connection.recv(size - len(got))
        if not piece:
            raise ConnectionError("the other end left")
        got += piece
    return got
