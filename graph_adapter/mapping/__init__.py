"""Graph's fields <-> the values of `reconcile`: the only package that knows Graph's field names.

A private item becomes `Private` here and nothing else of it goes further (S4). Texts are canonical, so that reading an
item twice gives equal values (C1).
"""

from graph_adapter.mapping.common import MARKER, Unreadable, look, retype
from graph_adapter.mapping.contacts import contact, contact_body, contact_expand, keep_slots
from graph_adapter.mapping.events import Master, event, event_body, event_expand
from graph_adapter.mapping.tasks import link_models, marker_link, task, task_body, task_expand

__all__ = [
    "MARKER",
    "Master",
    "Unreadable",
    "contact",
    "contact_body",
    "contact_expand",
    "event",
    "event_body",
    "event_expand",
    "keep_slots",
    "link_models",
    "look",
    "marker_link",
    "retype",
    "task",
    "task_body",
    "task_expand",
]
