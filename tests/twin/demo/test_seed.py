"""The demo's files are those of its seed, whoever writes them when."""

from pathlib import Path

import ifcopenshell
import pytest

from twin.demo import write_demo, write_small_office
from twin.errors import Invalid


@pytest.mark.nightly
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_demo(tmp_path / name, scale="small") for name in ("a", "b"))
    for one, other in zip(first.all, second.all, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_the_same_seed_writes_the_same_office_and_another_seed_other_ids(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    for folder in (tmp_path, tmp_path / "again"):
        write_small_office(folder / "seven.ifc", seed=7)
    assert (tmp_path / "seven.ifc").read_bytes() == (tmp_path / "again" / "seven.ifc").read_bytes()
    write_small_office(tmp_path / "eight.ifc", seed=8)
    seven, eight = ({e.GlobalId for e in ifcopenshell.open(str(tmp_path / f"{n}.ifc")).by_type("IfcRoot")} for n in ("seven", "eight"))
    assert not seven & eight
    assert all(len(identity) == 22 for identity in seven)


def test_an_unknown_scale_or_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="galaxy"):
        write_demo(tmp_path, scale="galaxy")
    with pytest.raises(Invalid, match="IFC4X3"):
        write_small_office(tmp_path / "x.ifc", schema="IFC4X3")
    assert not list(tmp_path.iterdir())
