"""What holds for every test: where it may connect to, and how Hypothesis searches."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, socket_allow_hosts

HERE = Path(__file__).parent
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
# The pure room does no I/O at all; everything else talks to real servers, but only on this machine.
PURE = HERE / "reconcile"

# The machines that run the tests differ in speed, so a single slow example is no failure.
settings.register_profile("house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """No test leaves the machine (pytest-socket lifts this again at the test's end). asyncio needs a local socket pair."""
    if PURE in item.path.parents:
        disable_socket(allow_unix_socket=True)
    elif item.get_closest_marker("enable_socket") is None:
        socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


def pytest_collection_finish() -> None:
    """The tests and what they import are no garbage: none is looked for among them again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    """A command that ran in this process logs to the stderr of its test, which is closed afterwards."""
    structlog.reset_defaults()
