"""`twin query`: a command for each question of place, sight and ways; refusals as documents, misuse by exit 2."""

import pytest
import typer

from tests.homes import Home, new_home
from twin.cli.app import app
from twin.store import Store

QUESTIONS: dict[str, tuple[str, ...]] = {
    "locate": ("119.2946,26.0896,30",),
    "nearest": ("119.2946,26.0896,30", "--kind", "room"),
    "within": ("--kind", "room", "--bbox", "119,26,120,27", "--site", "none"),
    "pick": ("119.2946,26.0896,30", "--heading-deg", "0"),
    "plan": ("m:storey", "--site", "none"),
    "explain": ("A-1",),
    "route": ("m:a", "m:b", "--site", "none"),
    "guards": ("m:a", "--site", "none"),
    "evacuation": ("--site", "none"),
    "unreached": ("--site", "none"),
    "visible-from": ("m:a", "--site", "none"),
    "coverage": ("--site", "none"),
}
REFUSED = {
    **dict.fromkeys(("within", "plan", "route", "guards", "evacuation", "unreached", "visible-from", "coverage"), "SITE_UNKNOWN"),
    "explain": "NOT_FOUND",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A store without a site."""
    home = new_home(tmp_path_factory.mktemp("nothing"))
    with Store.open(f"sqlite:///{home.folder / 'records.sqlite'}") as store:
        store.migrate()
    return home


def test_there_is_a_command_for_each_question_and_each_has_json_and_words_of_help() -> None:
    group = typer.main.get_command(app).commands["query"]  # type: ignore[attr-defined]
    assert set(group.commands) == set(QUESTIONS)
    for name, command in group.commands.items():
        assert any("--json" in option.opts for option in command.params), name
        assert command.help and all(option.help for option in command.params if option.param_type_name == "option"), name


@pytest.mark.usefixtures("sight_library")
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_not_there_is_refused_and_nowhere_is_for_a_person_to_decide(home: Home, name: str) -> None:
    done = home.run_here("query", name, *QUESTIONS[name])
    if name in REFUSED:
        assert (done.code, done.document["error"]["code"]) == (1, REFUSED[name]), done.document
        assert {"code", "message", "path", "hint"} <= done.document["error"].keys()
    else:
        assert (done.document["site"], done.code) == (None, 3), done.document
    assert home.run_here("query", name, *QUESTIONS[name], "--no-such-option").code == 2
