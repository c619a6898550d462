"""What a filter says of a row, worked out from its CQL2 JSON with nothing of ours: the reference for both databases.

Unknown is None. Semantics are those of docs/decisions/020-filters.md.
"""

import json
import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely

__all__ = ["judge"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOW, HIGH = object(), object()


class Moment:
    """A day or an instant; a day knows no time."""

    def __init__(self, day: str, microsecond: int | None) -> None:
        self.day, self.microsecond = day, microsecond


def judge(filter: Any, row: dict[str, Any], kinds: dict[str, str]) -> Any:
    """The value of CQL2 JSON for a row; `kinds` names the queryables of dates, instants, money and numbers."""
    if isinstance(filter, bool | int | float | str):
        return filter
    if isinstance(filter, list):
        return [judge(item, row, kinds) for item in filter]
    if "property" in filter:
        return _property(filter["property"], row, kinds)
    if "date" in filter:
        return Moment(filter["date"], None)
    if "timestamp" in filter:
        return _instant(filter["timestamp"])
    if "op" not in filter:
        return filter
    op, args = filter["op"], filter["args"]
    if op in {"+", "-", "*", "/", "%", "div", "^"}:
        return _arithmetic(op, *(_number(arg, judge(arg, row, kinds), kinds) for arg in args))
    if op.startswith("t_"):
        return _temporal(op, *(_ends(arg, row, kinds) for arg in args))
    if op.startswith("s_"):
        left, right = (_shape(judge(arg, row, kinds)) for arg in args)
        return None if left is None or right is None else bool(getattr(shapely, op[2:])(left, right))
    values = [judge(arg, row, kinds) for arg in args]
    if op == "isNull":
        return values[0] is None
    if op in {"and", "or"}:
        decisive = op == "or"
        return decisive if decisive in values else None if None in values else not decisive
    if op == "in":
        return judge({"op": "or", "args": [_or_false(_compare("=", values[0], item)) for item in values[1]]}, row, kinds)
    if op == "between":
        low, high = _compare(">=", values[0], values[1]), _compare("<=", values[0], values[2])
        return False if low is False or high is False else None if low is None or high is None else True
    if None in values:
        return None
    return _plain(op, values)


def _or_false(value: bool | None) -> Any:
    return {"op": "=", "args": [{"property": "none of these"}, 0]} if value is None else value


def _plain(op: str, values: list[Any]) -> Any:
    match op:
        case "not":
            return not values[0]
        case "casei":
            return unicodedata.normalize("NFC", values[0]).casefold()
        case "accenti":
            return unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", values[0]) if not unicodedata.combining(c)))
        case "like":
            pieces = re.findall(r"\\.|.", values[1], re.DOTALL)
            wild = {"%": ".*", "_": "."}
            return re.fullmatch("".join(wild.get(p) or re.escape(p[-1]) for p in pieces), values[0], re.DOTALL) is not None
        case "lower":
            return values[0].lower()
        case "length":
            return len(values[0])
        case "abs":
            return math.fabs(values[0])
        case "floor":
            return math.floor(values[0])
        case "year":
            return int(values[0].day[:4])
    if op.startswith("a_"):
        return _arrays(op, *values)
    return _compare(op, *values)


def _property(name: str, row: dict[str, Any], kinds: dict[str, str]) -> Any:
    value = row.get(name)
    if value is None:
        return None
    match kinds.get(name):
        case "date":
            return Moment(value, None)
        case "instant":
            return Moment((EPOCH + timedelta(microseconds=value)).date().isoformat(), value)
        case "money":
            return value / 100
    return value


def _instant(text: str) -> Moment:
    read = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    return Moment(read.date().isoformat(), (read - EPOCH) // timedelta(microseconds=1))


def _compare(op: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, Moment):
        by_day = left.microsecond is None or right.microsecond is None
        left, right = (left.day, right.day) if by_day else (left.microsecond, right.microsecond)
    elif isinstance(left, str):
        left, right = left.encode(), right.encode()
    return {"=": left == right, "<>": left != right, "<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[op]


def _number(arg: Any, value: Any, kinds: dict[str, str]) -> Any:
    """A stored double beyond 1e100 or nearer to zero than 1e-100 is unknown to arithmetic."""
    stored = isinstance(arg, dict) and kinds.get(arg.get("property", "")) == "number"
    return None if stored and value and not 1e-100 <= abs(value) <= 1e100 else value


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if op in {"%", "div"} and isinstance(left, int) and isinstance(right, int):
        if right == 0:
            return None
        quotient = int(math.copysign(1, left) * math.copysign(1, right)) * (abs(left) // abs(right))
        return quotient if op == "div" else left - quotient * right
    a, b = float(left), float(right)
    try:
        value = {
            "+": lambda: a + b,
            "-": lambda: a - b,
            "*": lambda: a * b,
            "/": lambda: a / b,
            "%": lambda: math.fmod(a, b),
            "div": lambda: float(int(a / b)),
            "^": lambda: math.pow(a, b),
        }[op]()
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _ends(arg: Any, row: dict[str, Any], kinds: dict[str, str]) -> tuple[Any, Any]:
    if not (isinstance(arg, dict) and "interval" in arg):
        value = judge(arg, row, kinds)
        return value, value
    found = []
    for end, unbounded in zip(arg["interval"], (LOW, HIGH), strict=True):
        if end == "..":
            found.append(unbounded)
        elif isinstance(end, str):
            found.append(_instant(end) if "T" in end else Moment(end, None))
        else:
            found.append(judge(end, row, kinds))
    return found[0], found[1]


RELATIONS = {
    "after": "s1>e2", "before": "e1<s2", "contains": "s1<s2 & e1>e2", "disjoint": "e1<s2 | s1>e2", "during": "s1>s2 & e1<e2",
    "equals": "s1=s2 & e1=e2", "finishedBy": "s1<s2 & e1=e2", "finishes": "s1>s2 & e1=e2", "intersects": "s1<=e2 & e1>=s2",
    "meets": "e1=s2", "metBy": "s1=e2", "overlappedBy": "s1>s2 & s1<e2 & e1>e2", "overlaps": "s1<s2 & e1>s2 & e1<e2",
    "startedBy": "s1=s2 & e1>e2", "starts": "s1=s2 & e1<e2",
}  # fmt: skip


def _temporal(op: str, first: tuple[Any, Any], second: tuple[Any, Any]) -> bool | None:
    ends = {"s1": first[0], "e1": first[1], "s2": second[0], "e2": second[1]}
    said = RELATIONS[op[2:]]
    found = []
    for part in re.split(r" [&|] ", said):
        left, relation, right = re.fullmatch(r"(..)([<>=]+)(..)", part).groups()  # type: ignore[union-attr]
        found.append(_end_compare(relation, ends[left], ends[right]))
    if "|" in said:
        return True if True in found else None if None in found else False
    return False if False in found else None if None in found else True


def _end_compare(op: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if {LOW, HIGH} & {left, right}:
        rank = {LOW: -1, HIGH: 1}
        return _compare(op, rank.get(left, 0), rank.get(right, 0))
    return _compare(op, left, right)


def _arrays(op: str, left: list[Any], right: list[Any]) -> bool | None:
    if "null" in json.dumps([left, right], default=lambda moment: moment.day):
        return None
    a, b = ({json.dumps(_comparable(item)) for item in items} for items in (left, right))
    return {"a_equals": a == b, "a_contains": a >= b, "a_containedBy": a <= b, "a_overlaps": bool(a & b)}[op]


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, Moment):
        return value.day
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _shape(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "bbox" not in value:
        return shapely.from_geojson(json.dumps(value))
    west, south, east, north = value["bbox"]
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(shapely.box(west, south, 180, north), shapely.box(-180, south, east, north))
