"""What public material does not settle about Graph. Each switch's meaning and reason stand in ../FIDELITY.md."""

from __future__ import annotations

from typing import Any

from infra.emulators.graph.errors import invalid

DEFAULTS: dict[str, Any] = {
    "bin_answers_200": True,
    "bin_calendar_404": True,
    "recoverable_answers_200": False,
    "todo_not_found_code": "ErrorItemNotFound",
    "todo_if_match": False,
    "todo_immutable_ids": False,
    "todo_rights": True,
    "todo_delta_expand": False,
    "todo_dates_via_utc": False,
    "contact_email_slots": True,
    "contact_delta_expand": False,
    "calendar_delta_select": "ignore",
    "delta_rejects_top": True,
    "deltatoken_latest": False,
    "delta_page_size": 10,
    "max_page_size": 1000,
    "delta_empty_pages": True,
    "delta_repeats": True,
    "delta_generations": 3,
    "expired_cursor_status": 410,
    "expired_cursor_code": "SyncStateNotFound",
    "expired_cursor_location": False,
    "removed_reason": "deleted",
    "delta_misses_deletions": False,
    "moved_back_stays_removed": False,
    "series_removed_occurrences": False,
    "bump_after_write": True,
    "transaction_duplicate_status": 400,
    "transaction_retry_answers": False,
    "cancelled_delete_status": 204,
    "events_whole_mailbox": False,
    "series_tells_cancelled": True,
    "cancelled_occurrence_stays": True,
    "occurrence_inherits_properties": True,
    "accept_recreates": True,
    "decline_deletes": True,
    "copy_keeps_properties": True,
    "spawned_task_keeps_links": True,
    "notify_created_twice": True,
    "notify_updated_times": 1,
    "notification_resource": "path",
    "notification_delay_ms": 20,
    "subscription_max_minutes": 10_080,
    "subscriptions_per_mailbox": 1_000,
    "webhook_timeout_ms": 10_000,
    "webhook_least_answers": 100,
    "webhook_delay_ms": 10_000,
}


class Switches(dict[str, Any]):
    """The switches in force, over DEFAULTS."""

    def __init__(self) -> None:
        super().__init__(DEFAULTS)

    def change(self, wanted: dict[str, Any]) -> None:
        """Set some; an unknown name or another type is refused with 400."""
        for name, value in wanted.items():
            if name not in DEFAULTS:
                raise invalid(f"unknown switch {name!r}; known: {', '.join(sorted(DEFAULTS))}", "UnknownSwitch")
            if type(value) is not type(DEFAULTS[name]):
                raise invalid(f"{name} is a {type(DEFAULTS[name]).__name__}", "UnknownSwitch")
        self.update(wanted)

    def reset(self) -> None:
        """Back to DEFAULTS."""
        self.update(DEFAULTS)
