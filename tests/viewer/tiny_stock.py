"""Stock-takes and differences of the tiny compound as the service would answer: more of each than one page holds."""

from __future__ import annotations

from typing import Any

__all__ = ["CODES", "DIFFERENCES", "MISSING", "TinyStock"]

PAGE = 4
"""So many entries a page, whatever is asked for."""
MISSING = 9
DIFFERENCES = {"ENTRY_MISSING": 6, "VALUE_DIFFERS": 1, "STOCKTAKE_MISSING": 1}
CODES = {
    "ENTRY_MISSING": ("有卡无账", "a card that is not booked", "账卡", "ledger and card"),
    "VALUE_DIFFERS": ("账卡原值不符", "the values of ledger and card differ", "账卡", "ledger and card"),
    "STOCKTAKE_MISSING": ("盘点未找到", "not found by a stock-take", "账实", "card and place"),
    "STOCKTAKE_SCANNED_TWICE": ("同一编码在两处或同时扫到", "one code read twice", "账实", "card and place"),
    "VALUE_ODD": ("原值可疑", "an odd value", "", ""),
    "SECOND": ("第二办公室无依据", "second office without a ground", "", ""),
}
Document = dict[str, Any]


class TinyStock:
    """What GET answers; `room` is the place document of the room that everything is about."""

    def __init__(self, room: Document) -> None:
        self.room = room

    def get(self, parts: list[str], query: dict[str, str]) -> Document | None:
        """The document at a path, None where there is none."""
        match parts:
            case ["codes"]:
                return {"codes": [{"code": code, "zh": words[0], "en": words[1]} for code, words in CODES.items()]}
            case ["stocktakes"]:
                return {"stocktakes": [self._take() | {"counts": {}}]}
            case ["stocktakes", "3"]:
                return self._take()
            case ["stocktakes", "3", "outcomes"]:
                return self._outcomes(query)
            case ["differences"]:
                return self._differences(query)
            case ["differences", "kinds"]:
                return self._kinds(query)
        return None

    def _take(self) -> Document:
        counts = {"due": MISSING + 2, "found": 1, "found_elsewhere": 1, "missing": MISSING, "unexpected": 1, "duplicate": 1, "brought": 0}
        return {
            "id": 3,
            "name": "年度盘点",
            "state": "open",
            "places": [{"id": 10, "kind": "room", "name": "档案室"}],
            "opened_at": "2026-11-01T01:00:00+00:00",
            "opened_by": "她",
            "closed_at": None,
            "closed_by": None,
            "counts": counts,
        }

    def _outcomes(self, query: dict[str, str]) -> Document:
        rows = [self._outcome(at, "missing", f"A/{at:02d}") for at in range(1, MISSING + 1)]
        rows += [
            self._outcome(20, "found", "A/20", findings=["STOCKTAKE_SCANNED_TWICE"]),
            self._outcome(21, "found_elsewhere", "A/21"),
            self._outcome(22, "unexpected", "TY-9") | {"record": None, "expected": None, "found": None},
        ]
        if query.get("duplicate") == "true":
            rows = [row for row in rows if row["findings"]]
        if "outcome" in query:
            rows = [row for row in rows if row["outcome"] == query["outcome"]]
        return _page("/stocktakes/3/outcomes", "outcomes", "ordinal", rows, query) | {"numberMatched": len(rows)}

    def _outcome(self, ordinal: int, outcome: str, code: str, *, findings: list[str] | None = None) -> Document:
        scan = None if outcome == "missing" else {"id": 1, "code": code, "at": "2026-11-01T02:00:00+00:00", "who": "陈榕", "source": "api"}
        return {
            "ordinal": ordinal,
            "outcome": outcome,
            "code": code,
            "record": {"kind": "asset", "key": code, "href": "", "title": f"台式计算机 {code}"},
            "due": True,
            "expected": self.room,
            "found": None if outcome == "missing" else self.room,
            "scan": scan,
            "findings": findings or [],
            "moved": False,
        }

    def _differences(self, query: dict[str, str]) -> Document:
        codes = [code for code, count in DIFFERENCES.items() for _ in range(count) if query.get("code") in (None, code)]
        rows = [self._difference(item, code) for item, code in enumerate(codes, 1)] if query["state"] == "open" else []
        return _page("/differences", "differences", "item", rows, query)

    def _difference(self, item: int, code: str) -> Document:
        counted = code == "STOCKTAKE_MISSING"
        side = {"name": "财务账", "says": "", "file": None, "line": None}
        other = {"name": "资产卡片", "says": "5,060.00", "file": "assets.csv", "line": 18}
        return {
            "item": item,
            "code": code,
            "state": "open",
            "message": "",
            "since": "2026-11-02T00:00:00+00:00",
            "closed_at": None,
            "closed_by": None,
            "family": CODES[code][2],
            "key": f"A/{item:02d}",
            "record": {"kind": "asset", "key": f"A/{item:02d}", "href": "", "title": "台式计算机"},
            "left": None if counted else side,
            "right": None if counted else other,
            "amount": None if counted else -506000,
            "unit": {"key": "U1", "name": "屏山局"},
            "acts": None if counted else "finance",
            "remedy": None if counted else {"zh": "补记账，或注销重复卡片", "en": "book it, or cancel a repeated card"},
            "stocktake": 3 if counted else None,
        }

    def _kinds(self, query: dict[str, str]) -> Document:
        counts = DIFFERENCES if query["state"] == "open" else {}
        rows = [
            {"code": code, "zh": zh, "en": en, "family": {"zh": family, "en": english}, "count": counts.get(code, 0)}
            for code, (zh, en, family, english) in CODES.items()
            if family
        ]
        return {"numberMatched": sum(counts.values()), "kinds": rows}


def _page(path: str, name: str, token: str, rows: list[Document], query: dict[str, str]) -> Document:
    """At most PAGE rows after the last one seen, and the address of the following page."""
    rest = [row for row in rows if row[token] > int(query.get("after", 0))]
    here = rest[:PAGE]
    kept = "&".join(f"{key}={value}" for key, value in query.items() if key != "after")
    return {name: here, "next": f"{path}?{kept}&after={here[-1][token]}" if len(rest) > PAGE else None}
