"""What all tests share: Hypothesis profiles and markers.

`HYPOTHESIS_PROFILE=deep` draws new examples and many of them; the default draws the same ones each time, so that a red
suite is red again. New histories at random are for `make simulate`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.kafka.plugin",)

# Compiling and opening a store take their time in the first example, which says nothing about the example.
SLOW_STARTS = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "suite",
    max_examples=50,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=SLOW_STARTS,
)
settings.register_profile(
    "deep",
    max_examples=2_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=SLOW_STARTS,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than ten seconds; `-m 'not slow'` leaves it out")


LONG_AFTER = 2_524_608_000_000_000  # 2050-01-01T00:00:00Z


@pytest.fixture(scope="session", autouse=True)
def machine_clock() -> Iterator[None]:
    """The histories of tests happened long ago, whenever the tests are run; those of the future set a store's own clock."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("loyalty_streams.hosts.embedded.store.machine_clock", lambda: LONG_AFTER)
        yield
