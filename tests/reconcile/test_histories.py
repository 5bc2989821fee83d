"""Histories: convergence, no resurrection, no loss, no duplicate, no leak, no mail, quiet when nothing changes."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.reconcile.histories import Histories

PROFILES = {
    "test": settings(max_examples=800, stateful_step_count=35, derandomize=True, database=None),
    "long": settings(max_examples=5000, stateful_step_count=60),
}
PROFILE = PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", "test"), PROFILES["test"])

TestHistories = Histories.TestCase
TestHistories.settings = settings(PROFILE, deadline=None, suppress_health_check=list(HealthCheck))
