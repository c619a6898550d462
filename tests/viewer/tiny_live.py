"""The living part of the stand-in service: frames of `/live` to every socket, events, states, incidents and a past of the tiny compound."""

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from viewer.live import HEADING_UNKNOWN, HEIGHT_UNKNOWN, MOVING, SPEED_UNKNOWN, Frame, encode_frame

__all__ = ["Car", "TinyLive"]

KEY_OF_RFC_6455 = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE = 1, 2, 8
Document = dict[str, object]


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


@dataclass(slots=True)
class TinyLive:
    """What is live; `allowed` False answers 403 to all of it."""

    allowed: bool = True
    cars: dict[int, Car] = field(default_factory=dict)
    said: list[Document] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    number: int = 0
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
            self.cars |= {car.handle: car for car in cars}
            for handle in gone:
                self.cars.pop(handle, None)
            frame = self._frame(list(cars), full=False, gone=gone)
            for each in list(self.sockets):
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

    def get(self, parts: list[str], query: Mapping[str, str]) -> Document | None:
        """What GET answers, None for what is not of this part."""
        match parts:
            case ["live", "states"]:
                return {"at": "2026-11-27T00:00:00Z", "states": [], "next": None}
        return None

    def _greet(self, connection: socket.socket) -> None:
        names = [[car.handle, car.kind, car.key, car.name] for car in self.cars.values()]
        _write(connection, TEXT, json.dumps({"type": "names", "names": names}, ensure_ascii=False).encode())
        _write(connection, BINARY, self._frame(list(self.cars.values()), full=True))

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
