"""Point 7: the same bytes add nothing; a warm cache starts no geometry worker."""

import shutil
import sqlite3
from pathlib import Path

from tests.chain.real_files import FILES, SITE_ARGUMENTS
from tests.homes import Home, new_home

ANCHOR = "119.2946,26.0896,30,0"


def counts_of_all_tables(home: Home) -> dict[str, int]:
    with sqlite3.connect(home.folder / "records.sqlite") as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        return {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}


def test_the_same_bytes_add_no_row_and_a_warm_cache_starts_no_worker(tmp_path: Path, data_dir: Path) -> None:
    first = new_home(tmp_path / "first")
    first.run_here("site", "add", "s", *SITE_ARGUMENTS)
    file = data_dir / "ifc" / FILES["duplex"]
    arguments = ("import", "bim", file, "--site", "s", "--anchor", ANCHOR)
    once = first.run(*arguments)
    before = counts_of_all_tables(first)
    again = first.run_here(*arguments)
    assert (once.code, again.code) == (0, 0)
    assert again.document == once.document
    assert counts_of_all_tables(first) == before
    assert before["feature"] > 240

    second = new_home(tmp_path / "second", meshes=first.meshes)
    second.run_here("site", "add", "s", *SITE_ARGUMENTS)
    warm = second.run_here(*arguments)
    cold = new_home(tmp_path / "third")
    cold.run_here("site", "add", "s", *SITE_ARGUMENTS)
    third = cold.run_here(*arguments)
    assert warm.document["geometry_workers"] == 0
    assert third.document["geometry_workers"] > 0
    assert {**warm.document, "seconds": 0, "geometry_workers": 0} == {**third.document, "seconds": 0, "geometry_workers": 0}
    shutil.rmtree(cold.folder)
