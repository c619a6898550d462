"""Questions as of a day about two million assets that have changed since, beside the same questions as of now.

The cards are of 31 January; a stock-take notes something on a tenth of them on 20 February; on 15 March one day's ledger changes a
hundredth and brings new ones; then persons correct some and end some.
"""

import csv
import json
import random
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from lib.assets_asked import workers_memory
from lib.measure import run_measured
from lib.service import TWIN, Service, Started, spread

__all__ = ["BEGUN", "as_of_limits", "as_of_questions", "change_since"]

Figures = list[dict[str, Any]]
BEGUN, STOCK_TAKE, LEDGER, CORRECTED = "2026-01-31", "2026-02-20", "2026-03-15", date(2026, 3, 20)
DAYS = {"before the ledger": "2026-03-01", "before the stock-take": "2026-02-10"}
EVERY_TAKEN, EVERY_CHANGED, NEW, CORRECTIONS, ENDS = 10, 100, 500, 1_000, 300
FILTERS = ("state = 'idle'", "class_code LIKE 'A02%' AND value >= 100000", "value BETWEEN 50000 AND 500000", "name LIKE '%桌%'")
SORTED = ("unit = '{unit}' AND state = 'idle'", "-value,name")
HALVES_M = (100.0, 300.0, 1_000.0)
WALK = 20


def change_since(home: Path, assets: Path, folder: Path) -> dict[str, int]:
    """Let all that change; how many each did."""
    taken, changed = _ledgers(assets, folder)
    counts = {}
    for day, path, source in ((STOCK_TAKE, taken, "stock-take"), (LEDGER, changed, "day")):
        done = run_measured(
            [TWIN, "import", "register", "asset", str(path), "--as-of", day, "--source", source, "--json"], env={"TWIN_HOME": str(home)}
        )
        if done.returncode not in (0, 3):
            raise SystemExit(done.stdout + done.stderr)
        document = json.loads(done.stdout)
        counts |= {f"{source}: changed": document["changed"], f"{source}: new": document["new"]}
    return counts | _by_persons(home)


def as_of_questions(process: Started, service: Service, home: Path, keys: list[str], xyz: Any, site: Any, *, times: int) -> Figures:
    """Each question as of now and as of both days, `times` each; what the first answer of a day took, and what a worker holds more."""
    before, figures = workers_memory(process), []
    with sqlite3.connect(home / "records.sqlite") as database:
        of_first = "FROM asset JOIN register_revision r ON r.id = revision_id AND r.as_of = ?"
        cards = int(database.execute(f"SELECT count(*) {of_first}", (BEGUN,)).fetchone()[0])
        standing = database.execute(f"SELECT key {of_first} WHERE ended IS NULL AND asset.id % 7 = 5 LIMIT 5000", (BEGUN,))
        codes = [key for (key,) in standing if key.isalnum() and key.isascii()]
    for name, day in DAYS.items():
        started = time.perf_counter()
        page, _ = service.ask(f"/collections/assets/items?limit=1000&datetime={day}")
        seconds = round(time.perf_counter() - started, 2)
        if page["numberMatched"] != cards:
            raise SystemExit(f"{page['numberMatched']} cards as of {day} instead of {cards}")
        figures.append({"asked": f"first answer as of a day: {name}", "ours": seconds, "unit": "s"})
    page, _ = service.ask("/collections/assets/items?limit=1000")
    units = sorted({one["properties"]["unit"] for one in page["features"]} - {None}) or ["none"]
    for asked, paths in _questions(keys, codes, xyz, site, units, times):
        row: dict[str, Any] = {}
        for name, when in {"now": "", **{name: f"&datetime={day}" for name, day in DAYS.items()}}.items():
            if when == f"&datetime={DAYS['before the ledger']}" or "bbox" not in asked or not when:
                row[name] = spread([service.ask_plainly(path + when)[1] for path in paths])
        for name, found in row.items():
            note = f"p50 {found['p50_ms']} ms, at most {found['max_ms']} ms; peer: as of now, p50 {row['now']['p50_ms']} ms"
            if name != "now":
                figures.append({"asked": f"{asked}, p99: {name}", "ours": found["p99_ms"], "peer": row["now"]["p99_ms"], "unit": "ms"})
                figures[-1] |= {"ratio": round(found["p99_ms"] / max(row["now"]["p99_ms"], 0.1), 2), "note": note}
    figures += [_walk(service, name, day) for name, day in DAYS.items()]
    after = workers_memory(process)
    figures.append(
        {"asked": "memory of a worker more (PSS)", "ours": max(after) - max(before), "unit": "MB", "note": f"{before} → {after}"}
    )
    return figures


def as_of_limits(figures: Figures) -> list[tuple[str, float, float]]:
    """Each bound, the figure it is held against and the most that this may be."""
    most = {"ms": 150, "s": 5, "MB": 300}
    return [(f"{one['asked']} <= {most[one['unit']]} {one['unit']}", one["ours"], most[one["unit"]]) for one in figures]


def _questions(keys: list[str], codes: list[str], xyz: Any, site: Any, units: list[str], times: int) -> Iterator[tuple[str, list[str]]]:
    from spatial.frame import SiteFrame

    rng, frame, items = random.Random(11), SiteFrame.of(site), "/collections/assets/items"
    afters = [quote(keys[rng.randrange(len(keys))]) for _ in range(times)]
    yield "page of 1,000", [f"{items}?limit=1000&after={after}" for after in afters]
    for condition in FILTERS:
        some = afters[: max(2, times // len(FILTERS))]
        yield f"page of 1,000, {condition}", [f"{items}?limit=1000&filter={quote(condition, safe='')}&after={after}" for after in some]
    boxes = []
    for number in range(times):
        half = HALVES_M[number % len(HALVES_M)]
        middle = xyz[rng.randrange(len(xyz))]
        west, south, _, east, north, _ = frame.to_lon_lat_height(middle + np.array([[-half, -half, 0], [half, half, 0]])).ravel().tolist()
        boxes.append(f"{items}?bbox={west!r},{south!r},{east!r},{north!r}&limit=1000")
    yield "page of 1,000, bbox", boxes
    condition, order = SORTED
    units = [units[number % len(units)] for number in range(max(2, times // 10))]
    yield (
        "page of 1,000, sorted",
        [f"{items}?limit=1000&sortby={order}&filter={quote(condition.format(unit=one), safe='')}" for one in units],
    )
    yield "by id", [f"{items}/{rng.choice(codes)}?f=json" for _ in range(times)]


def _walk(service: Service, name: str, day: str) -> dict[str, Any]:
    """The first pages one after the other by their links."""
    path, seen, took = f"/collections/assets/items?limit=1000&datetime={day}", [], []
    for _ in range(WALK):
        page, milliseconds = service.ask_plainly(path)
        took.append(milliseconds)
        seen += [one["id"] for one in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        path = "/" + following[0].split("/", 3)[3] if "://" in following[0] else following[0]
    if seen != sorted(set(seen)):
        raise SystemExit(f"pages as of {day} overlap")
    found = spread(took)
    return {"asked": f"walk by next, p99 of a page: {name}", "ours": found["p99_ms"], "unit": "ms", "note": f"{len(seen):,} items"}


def _ledgers(assets: Path, folder: Path) -> tuple[Path, Path]:
    """The stock-take's list and the day's ledger: rows of the cards' own, with something else in them."""
    taken, changed = folder / "taken.csv", folder / "day.csv"
    with assets.open(encoding="utf-8", newline="") as file, taken.open("w", newline="") as one, changed.open("w", newline="") as other:
        reader, of_taken, of_changed = csv.reader(file), csv.writer(one), csv.writer(other)
        head = next(reader)
        remark, value, seen, new = head.index("备注"), head.index("原值(元)"), set(), 0
        for writer in (of_taken, of_changed):
            writer.writerow(head)
        for number, row in enumerate(reader):
            if not row[0] or row[0] in seen:
                continue
            if number % EVERY_TAKEN == 3:
                of_taken.writerow([*row[:remark], "2026 盘点已核", *row[remark + 1 :]])
            if number % EVERY_CHANGED == 7:
                seen.add(row[0])
                of_changed.writerow([*row[:value], f"{100 + number % 99_000}.37", *row[value + 1 :]])
                if new < NEW:
                    new += 1
                    of_changed.writerow([f"N{row[0]}", *row[1:]])
    return taken, changed


def _by_persons(home: Path) -> dict[str, int]:
    from twin.codes import get_kind
    from twin.records.write import Author, change_fields, end_record
    from twin.settings import Settings
    from twin.store import Store

    asset = get_kind("asset")
    author = Author(who="bench", method="manual", source="", now=datetime.now(UTC), valid_from=CORRECTED)
    with Store.open(Settings(home=home).database_url) as store, store.database.writing() as connection:
        records = [int(row[0]) for row in connection.exec_driver_sql("SELECT record_id FROM asset ORDER BY record_id")]
        some = records[:: max(1, len(records) // (CORRECTIONS + ENDS))]
        for number, record in enumerate(some):
            if number % (CORRECTIONS + ENDS) < CORRECTIONS:
                change_fields(connection, asset, record, {"name": f"更正 {number}"}, author)
            else:
                end_record(connection, asset, record, author)
    return {"persons": len(some)}
