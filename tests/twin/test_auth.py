"""Actions, scopes and labels: what is not granted is denied."""

import pytest

from twin.auth import (
    ROLE_ACTIONS,
    Action,
    LabelPolicy,
    Principal,
    Protected,
    Role,
    authorise,
    local_administrator,
    permitted_labels,
)
from twin.errors import HTTP_STATUS, Forbidden, Invalid, ModelKeyTaken, NotFound, SiteUnknown, StoreBusy, TwinError, status_of

VIEWER = Principal(name="guard", role=Role.VIEWER, labels=frozenset({"public"}), scopes=frozenset({"PS"}))


def test_a_principal_with_nothing_granted_may_do_nothing() -> None:
    for role in ("", "root", *Role):
        nobody = Principal(name="nobody", role=role)
        for action in Action:
            with pytest.raises((Forbidden, NotFound)):
                authorise(nobody, action, Protected(site="PS", label="public"))
        assert permitted_labels(nobody) == frozenset()


def test_the_local_administrator_may_do_everything() -> None:
    for action in Action:
        authorise(local_administrator(), action, None)
        authorise(local_administrator(), action, Protected(site="PS", label="restricted"))
    assert permitted_labels(local_administrator()) is None


def test_every_role_has_a_row_and_only_the_administrator_adds_sites() -> None:
    assert set(ROLE_ACTIONS) == set(Role)
    assert [role for role in Role if Action.ADD_SITE in ROLE_ACTIONS[role]] == [Role.ADMINISTRATOR]


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
    [(SiteUnknown, 404), (Forbidden, 403), (ModelKeyTaken, 409), (Invalid, 422), (StoreBusy, 503), (TwinError, 500)],
)
def test_an_error_has_the_status_of_its_nearest_class(error: type[TwinError], status: int) -> None:
    assert status_of(error("x")) == status


def test_what_is_no_error_of_ours_is_our_fault() -> None:
    assert status_of(KeyError("x")) == 500
    assert set(HTTP_STATUS.values()) <= {400, 403, 404, 409, 422, 500, 503}


def test_an_error_speaks_the_four_facts_of_the_command_line() -> None:
    error = ModelKeyTaken("taken", path="tower", hint="--model")
    assert error.to_json() == {"code": "MODEL_KEY_TAKEN", "message": "taken", "path": "tower", "hint": "--model"}
    assert (str(error), TwinError("x", code="OTHER").code, TwinError.code) == ("taken", "OTHER", "TWIN_ERROR")
