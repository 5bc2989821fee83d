"""A webhook body is a hint: whom it concerns, and whether it may be believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graph_adapter.notifications import Dirty, receive
from reconcile.model import Kind

STATES = {"s1": "secret-1", "s2": "secret-2"}


def body(*notifications: dict[str, Any]) -> bytes:
    return json.dumps({"value": notifications}).encode()


def told(resource: str, type_name: str = "", **more: Any) -> dict[str, Any]:
    data = {"resourceData": {"@odata.type": type_name, "id": "x"}} if type_name else {}
    return {
        "subscriptionId": "s1",
        "clientState": "secret-1",
        "resource": resource,
        "changeType": "updated",
        **data,
        **more,
    }


@pytest.mark.parametrize(
    ("resource", "type_name", "kind"),
    [
        ("Users/u1/Events/e1", "#Microsoft.Graph.Event", Kind.EVENT),
        ("users('u1')/events('e1')", "", Kind.EVENT),
        ("Users/u1/Contacts/c1", "#microsoft.graph.contact", Kind.CONTACT),
        ("users/u1/contactFolders/f/contacts/c1", "", Kind.CONTACT),
        ("Users/u1/Something/1", "", None),
    ],
)
def test_whom_it_concerns(resource: str, type_name: str, kind: Kind | None) -> None:
    found = receive(body(told(resource, type_name)), client_state=STATES.get)
    assert found.dirty == {Dirty(subscription="s1", mailbox="u1", kind=kind)}


def test_duplicates_are_one_and_subscriptions_mix() -> None:
    one, two = told("Users/u1/Events/e1"), told("Users/u1/Events/e2")
    other = {**told("Users/u2/Contacts/c1"), "subscriptionId": "s2", "clientState": "secret-2"}
    assert len(receive(body(one, two, one, other), client_state=STATES.get).dirty) == 2


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({"clientState": "wrong"}, (1, 0)),
        ({"clientState": None}, (1, 0)),
        ({"subscriptionId": "s9"}, (0, 1)),
        ({"subscriptionId": "s9", "clientState": ""}, (0, 1)),
    ],
)
def test_a_wrong_client_state_is_dropped(change: dict[str, Any], counted: tuple[int, int]) -> None:
    found = receive(body({**told("Users/u1/Events/e1"), **change}), client_state=STATES.get)
    assert (found.dirty, found.accepted) == (frozenset(), 0)
    assert (found.rejected, found.unknown) == counted
    assert found.doubtful == ({"s1"} if found.rejected else set())


def test_a_lifecycle_notification_has_no_resource() -> None:
    row = {"subscriptionId": "s1", "clientState": "secret-1", "lifecycleEvent": "missed", "tenantId": "t"}
    assert receive(body(row), client_state=STATES.get).dirty == {Dirty(subscription="s1", lifecycle="missed")}


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'{"value":[1]}'])
def test_what_is_no_notification_is_an_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a notification"):
        receive(raw, client_state=STATES.get)
