"""Topics of the bus: who speaks about what, and who may listen (docs/bus.md, *Topics*).

A kind or key is one level of a topic. What a level may not hold, or what brokers and their files read otherwise (`/ + # % :`, blanks,
controls, non-characters), stands as `%` and two upper-case hexadecimal digits for each byte of its UTF-8; all else, Chinese too, as it is.
Two keys never share a level, and a level that no key escapes to is refused.
"""

from dataclasses import dataclass
from functools import lru_cache

from sensors.errors import TopicInvalid
from sensors.observation import device_address

__all__ = [
    "DEVICE_TOPICS",
    "RESERVED",
    "ROOT",
    "DeviceTopic",
    "answer_topic",
    "batch_topic",
    "command_answer_topic",
    "command_topic",
    "device_topic",
    "done_topic",
    "escape_level",
    "out_topic",
    "parse_device_topic",
    "state_topic",
    "unescape_level",
]

ROOT = "pingshan/v1"
DEVICE_TOPICS = f"{ROOT}/+/+/+"
"""Every topic that a device publishes to; no topic of another use has so many levels."""
RESERVED = frozenset({"out", "state", "bus", "done"})
"""First levels below the root that no kind may take."""
MARKED = frozenset("/+#%:")
HEXADECIMAL = frozenset("0123456789ABCDEF")
MOST_BYTES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTopic:
    """A topic that a device publishes to; `stream` is the last level, unescaped, whether or not it is a `Stream`."""

    kind: str
    key: str
    stream: str

    @property
    def device(self) -> str:
        """The device's address."""
        return device_address(self.kind, self.key)


def escape_level(text: str) -> str:
    """The level of a topic that stands for a kind or key.

    >>> escape_level("闽A12345"), escape_level("A/3 +1#")
    ('闽A12345', 'A%2F3%20%2B1%23')

    TopicInvalid for the empty text, a lone surrogate, and what makes more than 512 bytes.
    """
    try:
        level = "".join(_escaped(letter) if _is_marked(letter) else letter for letter in text)
        size = len(level.encode())
    except UnicodeEncodeError as error:
        raise TopicInvalid(f"{text!r} is no text", path=repr(text)) from error
    if not 0 < size <= MOST_BYTES:
        raise TopicInvalid(f"{text[:40]!r} makes a level of {size} bytes; 1 to {MOST_BYTES} are taken", path=text[:40])
    return level


def unescape_level(level: str) -> str:
    """The kind or key that a level stands for; TopicInvalid for a level that `escape_level` never makes."""
    first, *rest = level.split("%")
    found = bytearray()
    try:
        found += first.encode()
        for piece in rest:
            if len(piece) < 2 or not HEXADECIMAL.issuperset(piece[:2]):
                raise TopicInvalid(f"%{piece[:2]} in {level[:80]!r} is no escape", path=level[:80])
            found.append(int(piece[:2], 16))
            found += piece[2:].encode()
        text = found.decode()
    except UnicodeError as error:
        raise TopicInvalid(f"{level[:80]!r} stands for no text", path=level[:80]) from error
    if escape_level(text) != level:
        raise TopicInvalid(f"{level[:80]!r} is not how {text[:40]!r} is written", path=level[:80], hint=f"write {escape_level(text)}")
    return text


def device_topic(kind: str, key: str, stream: str) -> str:
    """Where a device says something.

    >>> device_topic("vehicle", "闽A12345", "position")
    'pingshan/v1/vehicle/闽A12345/position'
    """
    return f"{ROOT}/{escape_level(kind)}/{escape_level(key)}/{escape_level(stream)}"


@lru_cache(maxsize=65_536)
def parse_device_topic(topic: str) -> DeviceTopic:
    """The parts of a device's topic; TopicInvalid for any other."""
    levels = topic.split("/")
    if len(levels) != 5 or "/".join(levels[:2]) != ROOT:
        raise TopicInvalid(f"{topic[:120]!r} is no topic of a device", path=topic[:120], hint=f"{ROOT}/KIND/KEY/STREAM")
    kind, key, stream = map(unescape_level, levels[2:])
    if kind in RESERVED:
        raise TopicInvalid(f"{kind} is no kind of devices", path=topic[:120])
    return DeviceTopic(kind=kind, key=key, stream=stream)


def out_topic(label: str, kind: str, key: str, stream: str) -> str:
    """Where machines that may know of a label hear what a device said."""
    return f"{ROOT}/out/{escape_level(label)}/{escape_level(kind)}/{escape_level(key)}/{escape_level(stream)}"


def state_topic(label: str, kind: str, key: str) -> str:
    """Where the last state of a device is kept (retained) for those who may know of its label."""
    return f"{ROOT}/state/{escape_level(label)}/{escape_level(kind)}/{escape_level(key)}"


def batch_topic(gateway: str, number: int | str) -> str:
    """Where a gateway elsewhere hands a packed batch to the hub; `+` in place of the number listens to all."""
    return f"{ROOT}/bus/batch/{escape_level(gateway)}/{number}"


def done_topic(gateway: str, number: int | str) -> str:
    """Where the hub tells a gateway elsewhere that the batch is committed, or why not."""
    return f"{ROOT}/bus/done/{escape_level(gateway)}/{number}"


def command_topic(gateway: str, number: int | str) -> str:
    """Where the hub tells a gateway elsewhere what a terminal of its is to do; the number is that of the order's event."""
    return f"{ROOT}/bus/command/{escape_level(gateway)}/{number}"


def command_answer_topic(gateway: str, number: int | str) -> str:
    """Where a gateway elsewhere tells the hub what came of a command."""
    return f"{ROOT}/bus/answer/{escape_level(gateway)}/{number}"


def answer_topic(kind: str, key: str, stream: str) -> str:
    """Where the twin tells a device that asked for it what is committed."""
    return f"{ROOT}/done/{escape_level(kind)}/{escape_level(key)}/{escape_level(stream)}"


def _is_marked(letter: str) -> bool:
    if letter in MARKED or letter.isspace():
        return True
    point = ord(letter)
    return point < 0x20 or 0x7F <= point <= 0x9F or 0xFDD0 <= point <= 0xFDEF or (point & 0xFFFE) == 0xFFFE


def _escaped(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())
