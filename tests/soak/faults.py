"""Faults and switches of a history, drawn at random from contract.md's."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.system.servers import Servers

_GRAPH = ("drop_after_commit", "status", "html_502", "delay", "expire_cursors", "empty_listing")
_X3 = ("drop_after_commit", "status", "html_502", "delay", "lock_record", "nil_result", "pool_exhausted", "refuse")
_PATHS = ("/events", "/tasks", "/contacts", "/delta", "$batch", "/users/", "/calendar?", "/linkedResources")
_OBJECTS = ("ZTSK", "ZCLL", "ZBAP", "ZCOR")

SWITCHES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("bin_answers_200", (False,)),
    ("bin_calendar_404", (False,)),
    ("recoverable_answers_200", (True,)),
    ("todo_if_match", (True,)),
    ("contact_delta_expand", (True,)),
    ("todo_delta_expand", (True,)),
    ("delta_page_size", (1, 3)),
    ("delta_empty_pages", (False,)),
    ("delta_repeats", (False,)),
    ("series_removed_occurrences", (True,)),
    ("bump_after_write", (False,)),
    ("transaction_duplicate_status", (409,)),
    ("occurrence_inherits_properties", (False,)),
    ("decline_deletes", (False,)),
    ("copy_keeps_properties", (False,)),
    ("notify_created_twice", (False,)),
)
X3_SWITCHES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("lst_clears_rest", (True,)),
    ("modstamp_utc", (True,)),
    ("pool_exhausted_http", (True,)),
    ("blank_lines", (2,)),
)
# Drawn apart, so that the seeds of old draw what they always did. What belongs together is drawn together.
_MORE: tuple[dict[str, Any], ...] = (
    {"todo_not_found_code": "UnknownError"},
    {"todo_immutable_ids": True},
    {"todo_dates_via_utc": True},
    {"contact_email_slots": False},
    {"calendar_delta_select": "refuse"},
    {"delta_rejects_top": False},
    {"deltatoken_latest": True},
    {"max_page_size": 5},
    {"delta_generations": 1},
    {"expired_cursor_location": True},
    {"expired_cursor_code": "fullSyncRequired"},
    {"expired_cursor_status": 400, "expired_cursor_code": "resyncRequired"},
    {"removed_reason": "changed"},
    {"delta_misses_deletions": True},
    {"moved_back_stays_removed": True},
    {"transaction_retry_answers": True},
    {"cancelled_delete_status": 403},
    {"cancelled_delete_status": 410},
    {"events_whole_mailbox": True},
    {"series_tells_cancelled": False},
    {"cancelled_occurrence_stays": False},
    {"accept_recreates": True},
    {"spawned_task_keeps_links": False},
    {"notify_updated_times": 3},
    {"notification_resource": "key"},
    {"notification_delay_ms": 500},
    {"subscription_max_minutes": 4230},
)
_MORE_X3: tuple[dict[str, Any], ...] = ({"bmp_only": True}, {"clock_skew_seconds": 300}, {"clock_skew_seconds": -300})
# What an installation says about the server where it is so.
_SETTINGS = {
    "todo_not_found_code": {"X3SYNC_GRAPH__TODO_NOT_FOUND_CODES": '["UnknownError"]'},
    "contact_email_slots": {"X3SYNC_GRAPH__CONTACT_EMAIL_SLOTS": "false"},
}
# Rights, publications or the pool that are gone for a while (G5): the port, and what is then.
TROUBLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("graph", {"todo_rights": False}),
    ("x3", {"pool_trouble": "Connection error - Incorrect user code or password"}),
    ("x3", {"unpublished": ["ZBAP"]}),
    ("x3", {"unpublished": ["ZGSYNKEY"]}),
    ("x3", {"unpublished": ["ZGSYNCHG"]}),
    ("x3", {"zsyncid": False}),
)
HEALTHY = {"graph": {"todo_rights": True}, "x3": {"pool_trouble": "", "unpublished": [], "zsyncid": True}}


@dataclass(frozen=True, slots=True)
class Unknowns:
    """More of what is unknown, turned the other way for a history, and what the installation then has to be told."""

    graph: dict[str, Any]
    x3: dict[str, Any]

    @classmethod
    def draw(cls, rng: random.Random) -> Unknowns:
        """A few of each."""
        graph, x3 = dict[str, Any](), dict[str, Any]()
        for one in _MORE:
            graph |= one if rng.random() < 0.08 else {}
        for one in _MORE_X3:
            x3 |= one if rng.random() < 0.15 else {}
        return cls(graph, x3)

    @property
    def settings(self) -> dict[str, str]:
        """For the environment."""
        return {name: value for switch in self.graph for name, value in _SETTINGS.get(switch, {}).items()}


def turn(servers: Servers, rng: random.Random, unknowns: Unknowns) -> dict[str, Any]:
    """Some of what is unknown of the two servers, turned the other way for a history; overlaps are allowed, for people of
    a history know nothing of their calendars."""
    graph = {name: rng.choice(values) for name, values in SWITCHES if rng.random() < 0.15} | unknowns.graph
    x3 = {name: rng.choice(values) for name, values in X3_SWITCHES if rng.random() < 0.15} | unknowns.x3
    servers.control("POST", "switches", graph)
    servers.control("POST", "switches", {"overlap_control": False, **x3}, port="x3")
    return graph | x3


def draw(rng: random.Random) -> list[dict[str, Any]]:
    """One to three rules, each with the port that it is posted to."""
    return [_graph(rng) if rng.random() < 0.5 else _x3(rng) for _ in range(rng.choice((1, 1, 2, 3)))]


def _graph(rng: random.Random) -> dict[str, Any]:
    action = rng.choice(_GRAPH)
    match: dict[str, str] = {}
    if rng.random() < 0.7:
        match["method"] = rng.choice(("POST", "POST", "PATCH", "DELETE", "GET"))
    if rng.random() < 0.6:
        match["path"] = rng.choice(_PATHS)
    if action == "empty_listing":
        match = {"method": "GET"} if rng.random() < 0.5 else {}
    rule: dict[str, Any] = {"action": action, "match": match, "port": "graph", **_often(rng)}
    if action == "status":
        rule |= rng.choice(
            (
                {"status": 429, "retry_after": 0, "code": "ApplicationThrottled"},
                {"status": 503, "retry_after": 0},
                {"status": 504, "retry_after": 0},
                {"status": 500},
                {"status": 403, "code": "ErrorAccessDenied"},
                # On a single item it would be S8's proof; on a stream or a whole batch it proves nothing.
                {"status": 404, "code": "ErrorFolderNotFound", "match": {"path": rng.choice(("/delta", "$batch"))}},
                {"status": 412, "code": "ErrorIrresolvableConflict"},
            )
        )
        rule["commit"] = rng.random() < 0.5 and rule["status"] >= 500
    if action == "html_502":
        rule["commit"] = rng.random() < 0.5
    if action == "delay":
        rule["seconds"] = 0.05
    return rule


def _x3(rng: random.Random) -> dict[str, Any]:
    action = rng.choice(_X3)
    match: dict[str, str] = {}
    if rng.random() < 0.7:
        match["operation"] = rng.choice(("save", "save", "modify", "delete", "deleteLines", "read", "run"))
    if rng.random() < 0.4:
        match["object"] = rng.choice(_OBJECTS)
    if action == "refuse":
        match["operation"] = rng.choice(("save", "modify", "delete"))
    rule: dict[str, Any] = {"action": action, "match": match, "port": "x3", **_often(rng)}
    rule["commit"] = rng.random() < 0.5
    if action == "status":
        rule |= {"status": rng.choice((500, 503, 504)), "retry_after": 0}
    if action == "nil_result":
        rule["status"] = rng.choice((0, 1))
    if action == "delay":
        rule["seconds"] = 0.05
    return rule


def _often(rng: random.Random) -> dict[str, Any]:
    nth = rng.choice((1, 1, 1, 2, 3, 4, 6))
    return {"nth": nth, "every": True, "times": 4} if rng.random() < 0.2 else {"nth": nth}


def told(rule: dict[str, Any]) -> str:
    """A rule in a few words."""
    more = {k: v for k, v in rule.items() if k not in ("action", "match", "port") and v not in (False, 1)}
    return f"{rule['port']} {rule['action']} {rule['match']} {more}"


def post(servers: Servers, rules: list[dict[str, Any]]) -> None:
    """Put the rules in force."""
    for rule in rules:
        body = {name: value for name, value in rule.items() if name != "port"}
        servers.control("POST", "faults", body, port=rule["port"])
