"""Items as the text of dirty marks, and back: how a pass asks the next one to look at something again."""

from __future__ import annotations

from reconcile.model import ItemType, Kind, Pair, Present, Side
from reconcile.port import Ref


def item_of(ref: Ref) -> str:
    """A reference as the text of a dirty mark."""
    side = ref.kind.value if ref.kind is not None else f"x3:{ref.type}"
    return "\t".join((side, ref.key, ref.folder))


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
