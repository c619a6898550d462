"""The registers of the tiny compound as the service would answer: two units, judged rooms, assets in pages, one request that grows."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tests.viewer.tiny_stock import TinyStock

__all__ = ["ASSETS", "PAGES_AT_MOST", "TinyRegisters"]

ASSETS = 25
PAGES_AT_MOST = 10
"""So many entries a page, whatever is asked for: a list of any length comes in several."""
STOREY, BUILDING = "east:storey1", "east:building"
KINDS = {
    "unit": ("units", "单位", "unit", ("code", "name")),
    "building": ("buildings", "楼栋", "building", ("code", "name")),
    "room": ("rooms", "办公用房", "room", ("code", "number", "name")),
    "person": ("people", "人员", "person", ("code", "name")),
    "vehicle": ("vehicles", "公务用车", "vehicle", ("plate",)),
    "asset": ("assets", "资产卡片", "asset", ("code", "name", "value", "unit")),
}
WORDS = {
    "code": ("编码", "code"),
    "name": ("名称", "name"),
    "number": ("房号", "number"),
    "plate": ("号牌", "plate"),
    "value": ("原值", "value"),
    "unit": ("使用单位", "unit"),
}
IN_USE = {"state": {"zh": "在用", "en": "in use"}}
Document = dict[str, Any]


class TinyRegisters:
    """What GET and POST answer; `declines` holds first steps of paths that are declined: status and code."""

    def __init__(self, rooms: list[str], spot: list[float]) -> None:
        self.rooms = rooms
        self.spot = spot
        self.declines: dict[str, tuple[int, str]] = {}
        self.actions = ["read_record", "read_person", "read_value", "file_request", "decide_request"]
        self.requests: list[Document] = []

    def get(self, parts: list[str], query: dict[str, str]) -> Document | None:
        """The document at a path, None where there is none."""
        match parts:
            case ["session"]:
                return self._session()
            case ["records"]:
                return {"kinds": [self._kind(name) for name in KINDS]}
            case ["sites", _, "features", feature, "records"]:
                return self._known(feature)
            case ["search"]:
                return self._search(query["q"])
            case ["inventory"]:
                return self._inventory(query)
            case ["assets"]:
                return self._assets(query)
            case ["requests"]:
                return {"requests": [one for one in self.requests if one["closed_at"] is None], "next": None}
            case ["requests", number]:
                return self.requests[int(number) - 1] | {"next": self._next(self.requests[int(number) - 1])}
            case ["occupancy"]:
                return self._occupancy(query)
            case ["occupancy", "totals"]:
                return {
                    "by": query["by"],
                    "totals": self._totals(),
                    "groups": [{"group": {"id": "U1", "name": "屏山局"}, "totals": self._totals()}],
                }
            case ["occupancy", "findings"]:
                finding = {"code": "SECOND", "kind": "person", "key": "P1", "column": None, "message": "林小明 has two offices"}
                return {"counts": {"SECOND": 1}, "numberMatched": 1, "findings": [finding], "next": None}
            case ["units", "U1", "entitlement"]:
                return self._entitlement()
            case ["energy"]:
                return self._energy()
            case ["energy", "findings"]:
                return {"numberMatched": 0, "findings": [], "next": None}
            case ["assets", key, "steps"]:
                return {"key": key, "state": "in_use", "words": IN_USE["state"], "steps": [], "unreached": [], "requests": []}
            case [plural, key, "dossier"]:
                kind = next((name for name, row in KINDS.items() if row[0] == plural), None)
                return None if kind is None or key == "NONE" else self._dossier(kind, key, query)
            case ["codes" | "stocktakes" | "differences", *_]:
                return TinyStock(self._place(self.rooms[0]) or {}).get(parts, query)
            case [plural] if plural in {row[0] for row in KINDS.values()}:
                return {"numberMatched": 3, "numberMatchedIs": "exact", "numberReturned": 0, "records": [], "next": None}
        return None

    def post(self, parts: list[str], body: Document) -> Document | None:
        """What a request or one of its steps becomes; a proposal of a move."""
        match parts:
            case ["requests"]:
                made = {
                    "id": len(self.requests) + 1,
                    "kind": body["kind"],
                    "state": "submitted",
                    "applicant": "她",
                    "unit": "U1",
                    "payload": body["payload"],
                }
                step = {"to": "submitted", "who": "她", "at": "2026-11-26T08:00:00+00:00", "note": ""}
                self.requests.append(made | {"opened_at": step["at"], "closed_at": None, "steps": [step]})
                return self.requests[-1]
            case ["requests", number, "steps"]:
                one = self.requests[int(number) - 1]
                step = {"to": body["to"], "who": "局", "at": "2026-11-26T09:00:00+00:00", "note": body["facts"].get("reason", "")}
                one |= {"state": body["to"], "closed_at": step["at"], "steps": [*one["steps"], step]}
                return one
            case ["requests", number, "evidence"]:
                one = self.requests[int(number) - 1]
                name = unquote(body["disposition"].rpartition("''")[2])
                file = {"sha256": "0" * 64, "name": name, "media_type": "application/pdf", "bytes": body["bytes"], "who": "她"}
                one["payload"] = one["payload"] | {"files": [file]}
                return one
            case ["what-if", "move"]:
                return self._proposal()
        return None

    def _session(self) -> Document:
        return {
            "name": "她",
            "role": "space_planner",
            "role_name": {"zh": "办公用房管理", "en": "space planner"},
            "actions": self.actions,
            "sites": ["*"],
            "units": ["U1"],
            "labels": ["*"],
            "ends": True,
        }

    def _kind(self, name: str) -> Document:
        plural, zh, en, columns = KINDS[name]
        described = [
            {
                "name": one,
                "zh": WORDS[one][0],
                "en": WORDS[one][1],
                "type": "money" if one == "value" else "text",
                "unit": "fen" if one == "value" else "",
            }
            for one in columns
        ]
        return {"name": name, "plural": plural, "zh": zh, "en": en, "href": f"/{plural}", "columns": described}

    def _place(self, feature: str | None, *, spot: bool = False) -> Document | None:
        steps = [(1, "everything", "全部", None), (2, "site", "小院", None), (3, "building", "东楼", BUILDING), (4, "storey", "2F", STOREY)]
        steps += [(10 + at, "room", number, room) for at, room in enumerate(self.rooms) for number in [str(201 + at)]]
        chosen = next((step for step in steps if step[3] == feature), None)
        if chosen is None:
            return None
        path = [*steps[: min(steps.index(chosen), 4)], chosen]
        rows = [{"id": one, "kind": kind, "name": name, "feature": drawn} for one, kind, name, drawn in path]
        place: Document = rows[-1] | {"number": None, "path": rows}
        return place | {"method": "spot", "site_xyz": self.spot} if spot else place

    def _known(self, feature: str) -> Document:
        tie = {"method": "number", "confidence": 0.97, "evidence": "201", "state": "confirmed"}
        records = (
            [{"kind": "room", "key": f"R{201 + self.rooms.index(feature)}", "href": "", "title": "档案室"} | tie]
            if feature in self.rooms
            else []
        )
        return {"place": self._place(feature), "records": records}

    def _search(self, q: str) -> Document:
        found = {"id": 1, "matched": {"name": q}}
        room = found | {"key": "R201", "href": "/rooms/R201", "title": "档案室", "place": self._place(self.rooms[0])}
        unit = found | {"key": "U1", "href": "/units/U1", "title": "屏山局", "place": None}
        asset = found | {"key": "A/01", "href": "/assets/A%2F01", "title": "台式计算机", "place": self._place(self.rooms[0])}
        groups = {"room": ("档案", room), "unit": ("屏山", unit), "asset": ("计算", asset)}
        said = [(kind, one) for kind, (word, one) in groups.items() if word in q]
        return {
            "q": q,
            "groups": [
                {"kind": kind, "zh": KINDS[kind][1], "en": KINDS[kind][2], "records": [one], "more": kind == "asset"} for kind, one in said
            ],
        }

    def _inventory(self, query: dict[str, str]) -> Document:
        def part(count: int) -> Document:
            return {"count": count, "value": count * 100, "value_words": {"zh": f"{count}.00 元", "en": f"CNY {count}.00"}}

        place = query.get("place")
        below = (
            [("building", 3, "东楼", BUILDING)]
            if place == "1"
            else [("room", 10, "201", self.rooms[0])]
            if place
            else [("everything", 1, "全部", None)]
        )
        children = [
            {"id": at, "kind": kind, "name": name, "number": None, "feature": feature} | part(20) for kind, at, name, feature in below
        ]
        return {
            "place": None,
            "unit": None,
            "own": part(3),
            "children": children,
            "unplaced": part(2),
            "total": part(ASSETS),
            "by_class": [{"class": {"edition": "GB/T 14885-2022", "code": "A02", "zh": "设备", "en": "equipment"}} | part(ASSETS)],
            "by_unit": [{"unit": {"key": "U1", "name": "屏山局"}} | part(ASSETS)],
            "by_state": [
                {"state": {"code": "in_use", "zh": "在用", "en": "in use"}} | part(20),
                {"state": {"code": None, "zh": None, "en": None}} | part(5),
            ],
            "by_age": [{"age": {"years_from": 1, "years_below": 3}} | part(ASSETS)],
        }

    def _assets(self, query: dict[str, str]) -> Document:
        keys = [f"A/{number:02d}" for number in range(ASSETS) if query.get("q", "") in f"A/{number:02d}"]
        after = [key for key in keys if key > query.get("after", "")]
        here = after[:PAGES_AT_MOST]
        place = self._place(self.rooms[0])
        records = [
            {
                "id": 1,
                "kind": "asset",
                "key": key,
                "href": "",
                "values": {"name": f"台式计算机 {key}", "state": "in_use"},
                "words": IN_USE,
                "place": place,
            }
            for key in here
        ]
        following = (
            "&".join([*(f"{name}={value}" for name, value in query.items() if name != "after"), f"after={here[-1]}"]) if here else ""
        )
        return {
            "numberMatched": len(keys),
            "numberReturned": len(here),
            "records": records,
            "next": f"/assets?{following}" if len(after) > len(here) else None,
        }

    def _totals(self) -> Document:
        return {
            "rooms": 2,
            "placed": 2,
            "unplaced": 0,
            "area_m2": 80.0,
            "measured_m2": 80.0,
            "declared_m2": 82.0,
            "people": 1,
            "allowed_m2": 18.0,
            "over_m2": 6.4,
            "used_otherwise": 0,
            "by_verdict": {"over": 1, "vacant": 1},
        }

    def _occupancy(self, query: dict[str, str]) -> Document:
        unit = {"key": "U1", "name": "屏山局", "known": True}
        rooms = []
        for at, feature in enumerate(self.rooms[:2]):
            code = ("over", "vacant")[at]
            if query.get("verdict") not in (None, code):
                continue
            person = {
                "person": {"key": "P1", "name": "林小明"},
                "rank": {"code": "division_chief", "zh": "正处级", "en": "division chief"},
                "unit": unit,
                "in_post": True,
                "second_office": False,
            }
            verdict = {
                "code": code,
                "rule": None,
                "area_m2": 24.4,
                "area_from": "measured",
                "allowed_m2": 18.0 if at == 0 else None,
                "excess_m2": 6.4 if at == 0 else None,
            }
            words = (
                {"zh": "超 6.4 m² · 正处级 18 m²", "en": "over by 6.4 m² · division chief 18 m²"}
                if at == 0
                else {"zh": "空置", "en": "vacant"}
            )
            rooms.append(
                {
                    "id": at,
                    "key": f"R{201 + at}",
                    "number": str(201 + at),
                    "name": ("档案室", "会议室")[at],
                    "use": None,
                    "place": self._place(feature),
                    "spaces": [{"feature": feature, "area_m2": 24.4}],
                    "area": {"measured_m2": 24.4, "declared_m2": 25.0, "model_m2": None},
                    "allocated_to": unit,
                    "used_by": unit,
                    "used_otherwise": False,
                    "people_count": 1 - at,
                    "people": [person] if at == 0 else [],
                    "verdict": verdict | words,
                    "contradictions": [],
                }
            )
        return {
            "as_of": "2026-11-26",
            "standards": [],
            "totals": self._totals(),
            "numberMatched": len(rooms),
            "numberReturned": len(rooms),
            "rooms": rooms,
            "next": None,
        }

    def _entitlement(self) -> Document:
        none = {"rooms": 0, "area_m2": 0.0}
        rank = {"code": "division_chief", "zh": "正处级", "en": "division chief"}
        post = {"rank": rank, "posts": 2, "people": 1, "limit_m2": 18.0, "rule": "2674", "area_m2": 36.0}
        use = {
            "use": {"code": "office", "zh": "办公室", "en": "office"},
            "approved_m2": 36.0,
            "held_m2": 80.0,
            "excess_m2": 44.0,
            "rooms": 2,
            "counted": True,
        }
        return {
            "unit": {"key": "U1", "name": "屏山局", "known": True},
            "level": None,
            "verdict": "over",
            "approved_m2": 36.0,
            "held_m2": 80.0,
            "excess_m2": 44.0,
            "outside_m2": 0.0,
            "zh": "超 44 m²",
            "en": "over by 44 m²",
            "posts": [post],
            "uses": [use],
            "allocated": none,
            "used": none,
            "allocated_used_by_others": none,
            "used_not_allocated": none,
            "people": 1,
            "findings": [],
            "below": [],
        }

    def _energy(self) -> Document:
        months = [(f"2026-{month:02d}", None if month == 3 else 100.0 * month) for month in range(1, 7)]
        own = {
            "unit": {"key": "U1", "name": "屏山局", "known": True},
            "kind": None,
            "months_reported": 5,
            "complete": False,
            "kgce": 1800.0,
        }
        indicators = {"kgce_m2": 9.5, "kgce_person": 100.0, "kwh_m2": 60.0, "water_m3_person": None, "median_kgce_m2": 8.0, "ratio": 1.2}
        return {
            "from": "2026-01",
            "to": "2026-06",
            "numberMatched": 1,
            "factors": [],
            "next": None,
            "units": [own | indicators],
            "totals": {"units": 1, "complete": 0, "kgce": 1800.0, "carriers": {}, "area_m2": 1.0, "people": 1.0},
            "by_month": [{"month": month, "reported": value is not None, "kgce": value, "carriers": {}} for month, value in months],
        }

    def _proposal(self) -> Document:
        mover = {"person": {"key": "P1", "name": "林小明"}, "rank": None, "department": None, "from_room": "201"}
        verdict = {
            "code": "within",
            "rule": None,
            "area_m2": 24.4,
            "area_from": "measured",
            "allowed_m2": 27.0,
            "excess_m2": -2.6,
            "zh": "",
            "en": "",
        }
        return {
            "fits": True,
            "zh": "1 人全部安排",
            "en": "all seated",
            "people": 1,
            "seated": 1,
            "rooms_used": 1,
            "rooms_free": 2,
            "area_used_m2": 24.4,
            "area_allowed_m2": 27.0,
            "rooms": [{"room": "R202", "number": "202", "storey": "2F", "people": [mover], "verdict": verdict}],
            "left_over": [],
            "left_empty": {"rooms": ["R201"], "area_m2": 24.4, "other_rooms_of_unit": 0},
            "left_out": [],
        }

    def _dossier(self, kind: str, key: str, query: dict[str, str]) -> Document:
        source = {"file": "assets.xlsx", "sha256": "0" * 64, "line": 18, "revision": "asset/asset@2", "encoding": ""}
        origin = {
            "source": source,
            "method": "import",
            "who": "root",
            "valid_from": "2026-01-01",
            "recorded_at": "2026-01-02T00:00:00+00:00",
            "change": None,
            "request": None,
        }
        values = {"name": {"asset": "台式计算机", "unit": "屏山局"}.get(kind, "档案室"), "number": "201", "value": 506000, "unit": "屏山局"}
        early = query.get("as_of", "2026-11-26") < "2026-06-01"
        fields = []
        for column in self._kind(kind)["columns"]:
            value = values.get(column["name"], key)
            shown = "旧名" if column["name"] == "name" and early else value
            words = {"zh": "5,060.00 元", "en": "CNY 5,060.00"} if column["name"] == "value" else None
            unit = {"kind": "unit", "key": "U1", "href": "/units/U1", "title": "屏山局"} if column["name"] == "unit" else None
            fields.append(column | {"value": shown, "words": words, "corrected": False, "record": unit} | origin)
        change = (
            {"field": "name", "old": "旧名", "new": values["name"], "reverts": None, "reverted_by": None}
            | origin
            | {"change": 7, "valid_from": "2026-06-01", "method": "correction"}
        )
        finding = {
            "code": "VALUE_ODD",
            "field": "value",
            "value": 506000,
            "message": "the value is odd",
            "severity": "warning",
            "source": source,
        }
        place = None if kind == "unit" else self._place(BUILDING if kind == "building" else self.rooms[0], spot=kind == "asset")
        return {
            "id": 1,
            "kind": kind,
            "key": key,
            "href": "",
            "as_of": query.get("as_of", "2026-11-26"),
            "known_at": "2026-11-26T00:00:00+00:00",
            "ended": None,
            "fields": fields,
            "withheld": [],
            "extra": {"备用列": "甲"},
            "changes": [change],
            "findings": [finding] if kind == "asset" else [],
            "place": place,
            "links": [self._link()] if kind == "room" else [],
            "requests": [one for one in self.requests if one["payload"].get("record", {}).get("key") == key],
        }

    def _link(self) -> Document:
        """A tie as the linker noted it."""
        evidence = '{"tier":"number","reading":"room","storey":true,"name":true,"area":false,"number":"201"}'
        tie = {"method": "code", "confidence": 0.97, "evidence": evidence, "state": "made", "who": "demo"}
        return tie | {"site": "tiny", "feature_id": self.rooms[0], "since": "2026-01-02T00:00:00+00:00", "until": None}

    def _next(self, request: Document) -> list[Document]:
        if request["closed_at"] is not None:
            return []
        return [
            {"to": "approved", "zh": "同意", "en": "agree", "by": "owner", "needs": ["decided_by"]},
            {"to": "refused", "zh": "不同意", "en": "refuse", "by": "owner", "needs": ["decided_by", "reason"]},
        ]
