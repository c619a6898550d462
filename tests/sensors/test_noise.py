"""The simulator's noise is what the issue fixes: measured on long tracks by plain statistics."""

import numpy as np
import pytest

from sensors.noise import Environment, Reported, gauss_markov, position_noise, report

COUNT = 5_000


def still(environment: int, seed: int = 1, count: int = COUNT, street: int = 7) -> tuple[np.ndarray, Reported]:
    seconds = np.arange(count, dtype=np.float64)
    zeros = np.zeros((count, 2))
    said = report(seconds, zeros, zeros, np.full(count, environment, np.int8), np.full(count, street), np.random.default_rng(seed))
    return seconds, said


@pytest.mark.parametrize(("environment", "sigma", "seconds"), [(Environment.OPEN, 3.0, 30), (Environment.CANYON, 12.0, 60)])
def test_sigma_is_of_each_axis_and_stays_for_the_correlation_time(environment: int, sigma: float, seconds: int) -> None:
    errors = np.concatenate([(said := still(environment, seed)[1].xy) - said.mean(axis=0) for seed in range(10)], axis=1)
    assert errors.std() == pytest.approx(sigma, rel=0.1)
    lagged = (errors[seconds:] * errors[:-seconds]).mean() / errors.var()
    assert lagged == pytest.approx(np.exp(-1.0), abs=0.08)


def test_each_street_of_a_canyon_has_its_own_bias_of_eight_metres() -> None:
    count = 10_000
    street = np.repeat([3, 9], count // 2)
    zeros, canyon = np.zeros((count, 2)), np.full(count, Environment.CANYON, np.int8)
    said = report(np.arange(count) * 60.0, zeros, zeros, canyon, street, np.random.default_rng(4)).xy
    first, second = said[: count // 2].mean(axis=0), said[count // 2 :].mean(axis=0)
    assert [np.hypot(*first), np.hypot(*second)] == pytest.approx([8.0, 8.0], abs=1.2)
    assert np.hypot(*(first - second)) > 1.0


def test_under_a_roof_there_is_no_fix_and_after_it_25_metres_that_decay() -> None:
    offs = []
    for seed in range(100):
        environment = np.zeros(200, np.int8)
        environment[50:80] = Environment.ROOF
        zeros = np.zeros((200, 2))
        said = report(np.arange(200.0), zeros, zeros, environment, np.zeros(200, np.int64), np.random.default_rng(seed))
        assert said.fixed.tolist() == (environment != Environment.ROOF).tolist()
        offs.append((said.xy**2).sum(axis=1))
    mean = np.mean(offs, axis=0) - 2 * 3.0**2
    assert np.sqrt(mean[80]) == pytest.approx(25.0, rel=0.12)
    assert np.sqrt(mean[100]) == pytest.approx(25.0 / np.e, rel=0.2)
    assert abs(mean[20:50].mean()) < 6.0


def test_speed_and_heading_are_doppler_in_steps_of_jtt_808() -> None:
    count = COUNT
    way = np.tile([6.0, 8.0], (count, 1))
    for environment, sigma in ((Environment.OPEN, 0.1), (Environment.CANYON, 0.3)):
        said = report(np.arange(count) * 1.0, way, way, np.full(count, environment, np.int8), np.zeros(count), np.random.default_rng(2))
        steps = said.speed_m_s * 36
        assert np.abs(steps - np.round(steps)).max() < 1e-9
        assert (said.heading_deg % 1 == 0).all() and said.heading_deg.max() < 360
        assert said.speed_m_s.std() == pytest.approx(sigma, rel=0.1)
        assert np.radians(said.heading_deg).std() * 10.0 == pytest.approx(np.hypot(sigma, 10.0 * np.radians(1) / np.sqrt(12)), rel=0.1)


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    assert (still(0, 5)[1].xy == still(0, 5)[1].xy).all()
    assert (still(0, 5)[1].xy != still(0, 6)[1].xy).any()


def test_the_process_is_the_same_at_any_spacing() -> None:
    dense = gauss_markov(np.arange(0, 100_000, 10.0), 3.0, 30.0, np.random.default_rng(1))
    sparse = gauss_markov(np.sort(np.random.default_rng(2).uniform(0, 100_000, 10_000)), 3.0, 30.0, np.random.default_rng(3))
    assert [dense.std(), sparse.std()] == pytest.approx([3.0, 3.0], rel=0.08)


def test_the_table_is_that_of_the_issue() -> None:
    noise = position_noise()
    assert (noise.open_sigma_m, noise.open_s, noise.canyon_sigma_m, noise.canyon_s) == (3.0, 30.0, 12.0, 60.0)
    assert (noise.street_bias_m, noise.roof_exit_m, noise.roof_exit_s) == (8.0, 25.0, 20.0)
