"""What `twin simulate` may be asked for."""

from sensors.simulate_scenario import Scenario as Played
from twin.cli.simulate import Scenario


def test_every_scenario_that_is_played_can_be_asked_for() -> None:
    assert list(map(str, Scenario)) == list(map(str, Played))
