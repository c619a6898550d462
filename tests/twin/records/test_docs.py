"""docs/registers.md has every kind with its columns as the code has them."""

from pathlib import Path

from twin.codes import list_kinds

PAGE = Path(__file__).parents[3] / "docs" / "registers.md"


def test_the_table_of_kinds_has_each_kind_and_its_columns() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    told = {row[0].strip("| `"): row for row in rows}
    assert set(told) == {kind.name for kind in list_kinds()}
    for kind in list_kinds():
        columns = [name.split("(")[0] for name in told[kind.name][3].rstrip(" |").split("、")]
        assert columns == [column.zh.split("(")[0] for column in kind.columns], kind.name
        assert told[kind.name][1] == kind.zh
