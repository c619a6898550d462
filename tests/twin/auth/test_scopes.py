"""What a key is for: scopes named and scopes of the role, none of them guessed."""

import pytest

from twin.auth import granted, list_roles
from twin.errors import Refused


def test_a_kind_that_is_named_replaces_the_role_s_own_and_no_other_kind() -> None:
    assert granted("viewer", []).scopes == ("label:public", "site:*")
    assert granted("viewer", ["site:pingshan"]).scopes == ("label:public", "site:pingshan")
    principal = granted("asset_manager", ["unit:11350000", "unit:11350001", "label:internal"]).principal("王工")
    assert principal.units == {"11350000", "11350001"}
    assert (principal.labels, principal.scopes, principal.name) == ({"internal"}, {"*"}, "王工")


def test_all_of_a_kind_swallows_the_rest() -> None:
    assert granted("unit_clerk", ["unit:a", "unit:*"]).principal("c").units == {"*"}


@pytest.mark.parametrize(
    ("role", "scopes", "code"),
    [
        ("root", [], "ROLE_UNKNOWN"),
        ("anonymous", [], "ROLE_UNKNOWN"),
        ("unit_clerk", [], "SCOPE_MISSING"),
        ("unit_clerk", ["site:s"], "SCOPE_MISSING"),
        ("integrator", ["site:s"], "SCOPE_MISSING"),
        ("viewer", ["pingshan"], "SCOPE_INVALID"),
        ("viewer", ["site:"], "SCOPE_INVALID"),
        ("viewer", ["site: s"], "SCOPE_INVALID"),
        ("viewer", ["room:1"], "SCOPE_INVALID"),
    ],
)
def test_what_is_not_said_is_not_guessed(role: str, scopes: list[str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        granted(role, scopes)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_role_that_reads_no_records_needs_no_unit() -> None:
    for row in list_roles():
        if "read_record" not in row.actions:
            assert granted(row.name, ["site:s", "label:public"]).principal("x").units == set()
