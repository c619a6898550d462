"""Findings of imports page by page, on both databases: the union of pages is the whole, and only who sees all is shown any."""

from pathlib import Path
from typing import Any

import pytest

from tests.twin.moulds import Cast
from tests.twin.records.conftest import Registers as Ledgers
from twin.errors import Forbidden, NotFound
from twin.queries.records.context import Registers
from twin.queries.register_imports import import_findings, import_page, vanished_page
from twin.records.scope import Reader
from twin.store import Store

ALL = Reader(name="审核员")
ROWS = [
    {
        "单位编码": f"U{n % 7}",
        "单位名称": f"第{n}处",
        "统一社会信用代码": "11350000003591037X" if n % 2 else "1135000000359103",
        "在编人数": n,
    }
    for n in range(10)
]


@pytest.fixture
def ledgers(cast: Cast) -> Ledgers:
    """Ten rows of seven units, three of them put aside, one with a broken credit code in two."""
    return cast(seven_units)


def seven_units(store: Store, folder: Path) -> Ledgers:
    ledgers = Ledgers(store, folder)
    ledgers.take("unit", ROWS)
    ledgers.take("unit", ROWS[2:7])
    return ledgers


def registers(ledgers: Ledgers) -> Registers:
    return Registers.of(ledgers.store, ledgers.folder / "columns")


def pages(ledgers: Ledgers, import_id: int, limit: int, **asked: Any) -> list[dict[str, Any]]:
    found, after = [], None
    while True:
        page = import_findings(registers(ledgers), ALL, import_id, after=after, limit=limit, **asked)
        found += page["findings"]
        after = page["next"]
        if after is None:
            return found
        assert len(page["findings"]) == limit


def test_the_union_of_pages_is_every_finding_and_agrees_with_the_counts(ledgers: Ledgers) -> None:
    newest, first = import_page(registers(ledgers), ALL, after=None, limit=10)["imports"]
    assert (newest["revision"], first["revision"], newest["current"], first["current"]) == ("unit/unit@2", "unit/unit@1", True, False)
    whole = pages(ledgers, first["id"], 100)
    assert all(pages(ledgers, first["id"], limit) == whole for limit in (1, 2, 3, 4))
    told = {(one["line"], one["code"], one["put_aside"]) for one in whole}
    assert {line for line, code, aside in told if aside} == {9, 10, 11} and len(whole) == sum(first["issues"].values())
    codes = ("USCC_FORM",)
    assert [one["record"]["key"] for one in pages(ledgers, first["id"], 1, codes=codes)] == ["U0", "U2", "U4", "U6"]
    assert pages(ledgers, newest["id"], 10) == []


def test_what_a_ledger_no_longer_has_is_listed(ledgers: Ledgers) -> None:
    newest = import_page(registers(ledgers), ALL, kind="unit", after=None, limit=1)
    import_id = newest["imports"][0]["id"]
    assert newest["next"] == import_id and newest["imports"][0]["counts"]["vanished"] == 2
    first = vanished_page(registers(ledgers), ALL, import_id, after=None, limit=1)
    rest = vanished_page(registers(ledgers), ALL, import_id, after=first["next"], limit=5)
    assert [one["key"] for one in first["records"] + rest["records"]] == ["U0", "U1"] and rest["next"] is None
    assert import_page(registers(ledgers), ALL, kind="asset", after=None, limit=1) == {"imports": [], "next": None}


def test_who_sees_a_part_is_shown_no_ledger(ledgers: Ledgers) -> None:
    for reader in (Reader(name="a", units=frozenset({"U1"})), Reader(name="b", labels=frozenset({"public"}))):
        with pytest.raises(Forbidden):
            import_page(registers(ledgers), reader, after=None, limit=1)
        with pytest.raises(Forbidden):
            import_findings(registers(ledgers), reader, 1, after=None, limit=1)
        with pytest.raises(Forbidden):
            vanished_page(registers(ledgers), reader, 1, after=None, limit=1)
    with pytest.raises(NotFound):
        import_findings(registers(ledgers), ALL, 10**6, after=None, limit=1)


def test_ledgers_of_kinds_that_are_partly_hidden_are_not_shown_and_raw_cells_only_to_who_reads_values(ledgers: Ledgers) -> None:
    ledgers.take("person", [{"人员编号": "P1", "姓名": "林闽生", "单位": "U1"}])
    ledgers.take("asset", [{"资产编号": "A1", "资产名称": "办公桌", "原值": "100"}])

    def kinds(**reader: bool) -> set[str]:
        page = import_page(registers(ledgers), Reader(name="x", **reader), after=None, limit=10)
        return {one["kind"] for one in page["imports"]}

    assert kinds() == {"unit", "person", "asset"}
    assert kinds(persons=False) == {"unit", "asset"}
    assert kinds(values=False) == {"unit", "person"}
    imports = import_page(registers(ledgers), ALL, after=None, limit=10)["imports"]
    ids = {one["kind"]: one["id"] for one in imports}
    with pytest.raises(Forbidden):
        import_findings(registers(ledgers), Reader(name="x", values=False), ids["asset"], after=None, limit=1)
    first = min(one["id"] for one in imports)
    for values in (True, False):
        page = import_findings(registers(ledgers), Reader(name="x", values=values), first, put_aside=True, after=None, limit=10)
        assert len(page["findings"]) == 3
        assert all(one["put_aside"] and (one["cells"] is not None) is values for one in page["findings"])
    cells = import_findings(registers(ledgers), ALL, first, put_aside=False, after=None, limit=100)["findings"]
    assert cells
    assert not any(one["put_aside"] for one in cells)
