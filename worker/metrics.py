"""What Prometheus reads. Labels have few values: users by X3 code, never items."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """The process's metrics, in a registry of their own, so that tests and processes do not share them by accident."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.notifications = Counter("x3sync_notifications", "Notifications received", ["outcome"], registry=registry)
        self.lag_seconds = Gauge(
            "x3sync_lag_seconds", "Age of a user's oldest unanswered dirty mark; 0 when none waits", ["user"],
            registry=registry,
        )  # fmt: skip
        self.dirty_users = Gauge("x3sync_dirty_users", "Users who wait to be looked at", registry=registry)
        self.dirty_age_seconds = Gauge("x3sync_dirty_age_seconds", "Age of the oldest dirty mark of all", registry=registry)
        self.held = Gauge("x3sync_held", "Changes that wait for a person", ["user"], registry=registry)
        self.problems = Gauge("x3sync_problems", "Problem lines", ["user"], registry=registry)
        self.paused = Gauge("x3sync_paused_users", "Users who are paused", registry=registry)
        self.stopped = Gauge("x3sync_stopped_sides", "1 while a side refuses everybody (G5)", ["side"], registry=registry)
        self.credential_ends = Gauge(
            "x3sync_credential_ends_timestamp_seconds", "When Graph's credential ends; 0 when nobody knows",
            registry=registry,
        )  # fmt: skip
        self.last_pass = Gauge(
            "x3sync_last_pass_timestamp_seconds",
            "When a user's last pass that ended well began, by Graph's clock",
            ["user"],
            registry=registry,
        )
        self.subscriptions = Gauge("x3sync_subscriptions", "Living Graph subscriptions", registry=registry)

    def text(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)
