"""Actions, scopes and labels: what is not granted is denied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.auth import (
    Action,
    LabelPolicy,
    Principal,
    Protected,
    Role,
    allows,
    anonymous,
    authorise,
    find_role,
    list_roles,
    local_administrator,
    permitted_labels,
    permitted_units,
)
from twin.errors import (
    HTTP_STATUS,
    Forbidden,
    Invalid,
    ModelKeyTaken,
    NotFound,
    SiteUnknown,
    StoreBusy,
    TwinError,
    Unauthenticated,
    status_of,
)

READS = "sign_in read_page read_site read_feature read_tiles"
MATRIX = {
    "administrator": " ".join(Action),
    "editor": f"{READS} read_ledger import_model build_tiles",
    "security_officer": f"{READS} read_record read_person read_report file_request read_live read_track handle_incident command_vehicle",
    "space_planner": f"{READS} read_ledger read_record read_person read_report write_record decide_link file_request decide_request "
    "read_live",
    "asset_manager": f"{READS} read_ledger read_record read_person read_value read_report write_record decide_link file_request "
    "decide_request stocktake read_live",
    "fleet_manager": f"{READS} read_record read_person read_value read_report write_record file_request decide_request read_live "
    "read_track command_vehicle",
    "unit_clerk": f"{READS} read_record read_person read_value read_report file_request decide_request stocktake",
    "integrator": f"{READS} read_ledger read_record read_report import_model import_register build_tiles read_live write_observation",
    "auditor": f"{READS} read_ledger read_record read_person read_value read_report read_audit read_live read_track",
    "viewer": f"{READS} read_live",
    "anonymous": "sign_in",
}
"""Who may do what, written by hand: `roles.toml` is held to it."""

VIEWER = Principal(name="guard", role=Role.VIEWER, labels=frozenset({"public"}), scopes=frozenset({"PS"}))


def test_a_principal_with_nothing_granted_may_do_nothing() -> None:
    for role in ("", "root", *Role):
        nobody = Principal(name="nobody", role=role)
        for action in Action:
            with pytest.raises((Forbidden, NotFound, Unauthenticated)):
                authorise(nobody, action, Protected(site="PS", label="public"))
        assert permitted_labels(nobody) == frozenset()


def test_the_local_administrator_may_do_everything() -> None:
    for action in Action:
        authorise(local_administrator(), action, None)
        authorise(local_administrator(), action, Protected(site="PS", label="restricted"))
    assert permitted_labels(local_administrator()) is None


def test_each_role_may_do_what_the_table_says_and_nothing_else() -> None:
    assert {row.name for row in list_roles()} | {"anonymous"} == set(MATRIX) == set(Role)
    every = frozenset({"*"})
    for role, actions in MATRIX.items():
        principal = Principal(name="x", role=role, labels=every, scopes=every, units=every)
        allowed = set()
        for action in Action:
            try:
                authorise(principal, action, Protected(site="PS", label="restricted", units=("U",)))
                allowed.add(str(action))
            except (Forbidden, Unauthenticated):
                assert not allows(principal, action)
        assert allowed == set(actions.split()), role


def test_who_audits_changes_nothing_and_only_administrators_hold_keys_and_backups() -> None:
    changing = {a for a in Action if a.split("_")[0] not in {"read", "sign"}}
    auditor = find_role("auditor")
    assert auditor is not None
    assert auditor.actions & changing == set()
    for action in (Action.MANAGE_KEYS, Action.BACKUP, Action.ADD_SITE, Action.SHARE):
        assert [row.name for row in list_roles() if action in row.actions] == [Role.ADMINISTRATOR]


def test_every_role_says_its_words_in_two_languages() -> None:
    for row in list_roles():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in row.zh), row.name
        assert row.en.isascii()


def test_who_has_not_signed_in_is_asked_to_and_not_forbidden() -> None:
    authorise(anonymous(), Action.SIGN_IN, None)
    for action in set(Action) - {Action.SIGN_IN}:
        with pytest.raises(Unauthenticated):
            authorise(anonymous(), action, None)
    assert (permitted_labels(anonymous()), permitted_units(anonymous())) == (frozenset(), frozenset())


TREE = {"root": (), "a": ("root",), "b": ("root",), "a1": ("a", "root"), "a2": ("a", "root"), "a11": ("a1", "a", "root")}


@given(st.sets(st.sampled_from([*TREE, "*"])), st.sampled_from([*TREE, None]))
def test_a_unit_stands_for_all_below_it(units: set[str], owner: str | None) -> None:
    clerk = Principal(name="c", role=Role.UNIT_CLERK, scopes=frozenset({"*"}), units=frozenset(units))
    above = () if owner is None else (owner, *TREE[owner])
    below = {code for unit in units if unit != "*" for code in TREE if code == unit or unit in TREE[code]}
    if "*" in units or owner in below:
        authorise(clerk, Action.READ_RECORD, Protected(units=above))
    else:
        with pytest.raises(NotFound):
            authorise(clerk, Action.READ_RECORD, Protected(units=above, path="record/7"))
    assert permitted_units(clerk) == (None if "*" in units else frozenset(units))


def test_a_viewer_reads_and_changes_nothing() -> None:
    authorise(VIEWER, Action.READ_FEATURE, Protected(site="PS", label="public"))
    for action in (Action.IMPORT_MODEL, Action.BUILD_TILES, Action.ADD_SITE, Action.READ_LEDGER):
        with pytest.raises(Forbidden):
            authorise(VIEWER, action, Protected(site="PS"))


def test_a_site_outside_the_scope_is_forbidden() -> None:
    with pytest.raises(Forbidden, match="scope"):
        authorise(VIEWER, Action.READ_SITE, Protected(site="other"))


def test_what_has_a_label_one_may_not_know_of_is_not_found() -> None:
    with pytest.raises(NotFound) as error:
        authorise(VIEWER, Action.READ_FEATURE, Protected(site="PS", label="restricted", path="tower:r1"))
    assert status_of(error.value) == 404
    assert "restricted" not in error.value.message


def test_a_policy_has_one_to_sixteen_labels_and_a_default_among_them() -> None:
    assert LabelPolicy() == LabelPolicy(labels=("public",), default="public")
    LabelPolicy(labels=tuple(f"l{i}" for i in range(16)), default="l3")
    for labels, default in [
        (tuple(f"l{i}" for i in range(17)), "l0"),
        ((), "public"),
        (("a", "a"), "a"),
        (("*",), "*"),
        (("Public",), "Public"),
        (("internal",), "public"),
    ]:
        with pytest.raises(Invalid):
            LabelPolicy(labels=labels, default=default)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SiteUnknown, 404),
        (Unauthenticated, 401),
        (Forbidden, 403),
        (ModelKeyTaken, 409),
        (Invalid, 422),
        (StoreBusy, 503),
        (TwinError, 500),
    ],
)
def test_an_error_has_the_status_of_its_nearest_class(error: type[TwinError], status: int) -> None:
    assert status_of(error("x")) == status


def test_what_is_no_error_of_ours_is_our_fault() -> None:
    assert status_of(KeyError("x")) == 500
    assert set(HTTP_STATUS.values()) <= {400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 501, 503}


def test_an_error_speaks_the_four_facts_of_the_command_line() -> None:
    error = ModelKeyTaken("taken", path="tower", hint="--model")
    assert error.to_json() == {"code": "MODEL_KEY_TAKEN", "message": "taken", "path": "tower", "hint": "--model"}
    assert (str(error), TwinError("x", code="OTHER").code, TwinError.code) == ("taken", "OTHER", "TWIN_ERROR")
