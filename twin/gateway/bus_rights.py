"""Who may do what on the broker, as rows, and as the files that Mosquitto and EMQX read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sensors.mqtt_topic import DEVICE_TOPICS, ROOT, batch_topic, command_answer_topic, command_topic, done_topic, escape_level
from twin.errors import Refused

__all__ = ["HUB", "AclFormat", "Right", "device_user", "gateway_user", "machine_rights", "machine_user", "rights_of_house", "write_acl"]

HUB = "hub"
EVERYBODY = ""
"""As a user: every user. `%u` in the topic of such a row is the user's own name."""


class AclFormat(StrEnum):
    """Whose file."""

    MOSQUITTO = "mosquitto"
    EMQX = "emqx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """`user` may `read` or `write` what matches `topic`; all that no row allows is refused. `note` is for people."""

    user: str
    action: str
    topic: str
    note: str = ""


def device_user(kind: str, key: str) -> str:
    """The user name of a device: the two levels of its topics, so that one row serves all devices.

    >>> device_user("vehicle", "闽A12345"), device_user("meter", "0A:1B")
    ('vehicle/闽A12345', 'meter/0A%3A1B')
    """
    return f"{escape_level(kind)}/{escape_level(key)}"


def gateway_user(name: str) -> str:
    """The user name of a gateway; Refused where the name cannot stand in a topic as it is."""
    if escape_level(name) != name:
        raise Refused(f"{name!r} is no name of a gateway", code="BUS_NAME_INVALID", path=name, hint="letters, digits, - and _")
    return f"gateway.{name}"


def machine_user(prefix: str) -> str:
    """The user name of a machine: the prefix of its key, which no second key ever has."""
    return f"machine.{prefix}"


def rights_of_house(gateways: Iterable[str]) -> list[Right]:
    """Rights of every device, of the gateways, and of the hub, whose process is a gateway too."""
    rows = [
        Right(user=EVERYBODY, action="write", topic=f"{ROOT}/%u/+", note="a device says its own things"),
        Right(user=EVERYBODY, action="read", topic=f"{ROOT}/done/%u/+", note="and hears what of them is committed"),
        Right(user=HUB, action="read", topic=f"{ROOT}/bus/batch/+/+"),
        Right(user=HUB, action="write", topic=f"{ROOT}/bus/done/+/+"),
        Right(user=HUB, action="write", topic=f"{ROOT}/bus/command/+/+"),
        Right(user=HUB, action="read", topic=f"{ROOT}/bus/answer/+/+"),
        Right(user=HUB, action="write", topic=f"{ROOT}/out/#"),
        Right(user=HUB, action="write", topic=f"{ROOT}/state/#"),
        Right(user=HUB, action="read", topic=f"{ROOT}/state/#"),
        Right(user=HUB, action="read", topic=DEVICE_TOPICS),
        Right(user=HUB, action="write", topic=f"{ROOT}/done/+/+/+"),
    ]
    for name in gateways:
        user = gateway_user(name)
        rows += [
            Right(user=user, action="read", topic=DEVICE_TOPICS),
            Right(user=user, action="write", topic=DEVICE_TOPICS),
            Right(user=user, action="write", topic=f"{ROOT}/done/+/+/+"),
            Right(user=user, action="write", topic=batch_topic(name, "+")),
            Right(user=user, action="read", topic=done_topic(name, "+")),
            Right(user=user, action="read", topic=command_topic(name, "+")),
            Right(user=user, action="write", topic=command_answer_topic(name, "+")),
        ]
    return rows


def machine_rights(user: str, labels: Iterable[str], *, note: str = "") -> list[Right]:
    """Rights of a machine: it hears what devices say, and where they last were, of its labels."""
    return [
        Right(user=user, action="read", topic=f"{ROOT}/{what}/{escape_level(label)}/#", note=note)
        for label in sorted(labels)
        for what in ("out", "state")
    ]


def write_acl(rights: Sequence[Right], form: AclFormat) -> str:
    """The rows as the file of a broker. It holds no secret."""
    return _mosquitto(rights) if form == AclFormat.MOSQUITTO else _emqx(rights)


def _mosquitto(rights: Sequence[Right]) -> str:
    lines = ["# written by twin bus acl; what stands nowhere is refused", ""]
    lines += [f"pattern {row.action} {row.topic}" for row in rights if row.user == EVERYBODY]
    for user, rows in _by_user(rights).items():
        note = next((row.note for row in rows if row.note), "")
        lines += ["", *([f"# {_plain(note)}"] if note else []), f"user {user}", *(f"topic {row.action} {row.topic}" for row in rows)]
    return "\n".join(lines) + "\n"


def _emqx(rights: Sequence[Right]) -> str:
    actions = {"read": "subscribe", "write": "publish"}
    lines = ["%% -*- coding: utf-8 -*-", "%% written by twin bus acl"]
    for row in rights:
        who = "all" if row.user == EVERYBODY else f'{{user, "{_quoted(row.user)}"}}'
        topic = _quoted(row.topic).replace("%u", "${username}") if row.user == EVERYBODY else _quoted(row.topic)
        lines.append(f'{{allow, {who}, {actions[row.action]}, ["{topic}"]}}.')
    return "\n".join([*lines, "{deny, all}."]) + "\n"


def _by_user(rights: Sequence[Right]) -> dict[str, list[Right]]:
    found: dict[str, list[Right]] = {}
    for row in rights:
        if row.user != EVERYBODY:
            found.setdefault(row.user, []).append(row)
    return found


def _plain(note: str) -> str:
    return " ".join(note.split())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
