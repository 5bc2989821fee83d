"""Items as the text of dirty marks, and back: how a pass asks the next one to look at something again."""

from __future__ import annotations

from datetime import datetime

from reconcile.model import ItemType, Kind, Link, Pair, Present, Side
from reconcile.port import Ref
from worker.state import dirty
from worker.state.items import ItemKey


def item_of(ref: Ref) -> str:
    """A reference as the text of a dirty mark."""
    side = ref.kind.value if ref.kind is not None else f"x3:{ref.type}"
    return "\t".join((side, ref.key, ref.folder))


def mark_of(ref: Ref, user_id: int, since: datetime, cause: str) -> dirty.Mark:
    """Asks for a look at one item of a user."""
    return dirty.Mark(user_id=user_id, since=since, stream="item", item=item_of(ref), causes=(cause,))


def ref_of(item: str) -> Ref | None:
    """The reference in a dirty mark's text, or None when it is not one."""
    parts = item.split("\t")
    if len(parts) != 3:
        return None
    side, key, folder = parts
    if side.startswith("x3:"):
        return Ref(type=ItemType(side[3:]), key=key)
    return Ref(kind=Kind(side), key=key, folder=folder)


def refs_of(pair: Pair) -> list[Ref]:
    """Both halves of a pair, as far as they have keys."""
    refs = []
    if key := pair.key(Side.X3):
        refs.append(Ref(type=pair.type, key=key))
    if key := pair.key(Side.OUTLOOK):
        folder = pair.outlook.outlook.folder if isinstance(pair.outlook, Present) else pair.link.folder if pair.link else ""
        refs.append(Ref(kind=pair.type.kind, key=key, folder=folder))
    return refs


def refs_of_item(item: ItemKey, link: Link | None) -> list[Ref]:
    """How the two halves of an item are named in a read; To Do needs the folder, which the link knows."""
    x3_key = item.x3_key or (link.x3_key if link else "")
    outlook_key = item.outlook_key or (link.outlook_key if link else "")
    found = []
    if x3_key:
        found.append(Ref(type=item.type, key=x3_key))
    if outlook_key:
        found.append(Ref(kind=item.type.kind, key=outlook_key, folder=link.folder if link else ""))
    return found
