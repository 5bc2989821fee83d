"""Items as Graph writes them. Rendered items are cached per version, so that long listings stay quick."""

from __future__ import annotations

from typing import Any

import msgspec

from infra.emulators.graph import bodies, extprops, zones
from infra.emulators.graph.model import EVENT, Folder, Item, Mailbox
from infra.emulators.graph.odata import Shape, project
from infra.emulators.graph.prefer import Prefer
from infra.emulators.graph.store import Store

_ENCODER = msgspec.json.Encoder()
SLOTS = ("primaryEmailAddress", "secondaryEmailAddress", "tertiaryEmailAddress")


def encode(value: Any) -> bytes:
    """JSON bytes."""
    return _ENCODER.encode(value)


def etag(item: Item) -> str:
    return f'W/"{item.change_key}"'


def _custom_zone(item: Item) -> str:
    """An occurrence takes it from its series, as it takes its times."""
    return item.custom_zone or (item.master.custom_zone if item.master is not None else "")


class Render:
    """Turns items into Graph JSON for one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def item(self, item: Item, prefer: Prefer, shape: Shape) -> dict[str, Any]:
        """The whole item under the caller's preferences, then what he selected and expanded."""
        row = self.full(item, prefer)
        row.update(self.expanded(item, prefer, shape))
        return project(row, shape)

    def full(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        """All plain members, nothing expanded."""
        match item.kind:
            case "event":
                return self._event(item, prefer)
            case "contact":
                return self._contact(item, prefer)
            case _:
                return self._task(item, prefer)

    def raw(self, item: Item, prefer: Prefer, shape: Shape, type_name: str = "") -> Any:
        """The same as `item`, already encoded and cached when nothing special is asked; delta pages name the type."""
        head = {"@odata.type": f"#microsoft.graph.{type_name}"} if type_name else {}
        if not shape.plain:
            return {**head, **self.item(item, prefer, shape)}
        key = (prefer.immutable, prefer.zone, prefer.body, type_name)
        found = item.cache.get(key)
        if found is None:
            found = item.cache[key] = encode({**head, **self.full(item, prefer)})
        return msgspec.Raw(found)

    def filterable(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        """What $filter looks at: the plain members and every extended property."""
        row = self.full(item, prefer)
        single, multi = self.properties(item)
        row["singleValueExtendedProperties"] = [{"id": k, "value": v} for k, v in single.items()]
        row["multiValueExtendedProperties"] = [{"id": k, "value": v} for k, v in multi.items()]
        row["extensions"] = [{"id": k} for k in item.extensions]
        row["linkedResources"] = item.linked
        return row

    def properties(self, item: Item) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Extended properties as MAPI would show them, sensitivity included."""
        single, multi = dict(item.single), dict(item.multi)
        if item.master is not None and self.store.switches["occurrence_inherits_properties"]:
            single, multi = {**item.master.single, **single}, {**item.master.multi, **multi}
        if item.kind == EVENT:
            level = extprops.LEVELS.index(item.data.get("sensitivity", "normal"))
            single.setdefault(extprops.SENSITIVITY, str(level))
        return single, multi

    def expanded(self, item: Item, prefer: Prefer, shape: Shape) -> dict[str, Any]:
        """The members $expand adds; an extended property the item lacks is left out, as Graph does."""
        row: dict[str, Any] = {}
        single, multi = self.properties(item)
        if chosen := [{"id": k, "value": single[k]} for k in shape.single if k in single]:
            row["singleValueExtendedProperties"] = chosen
        if several := [{"id": k, "value": multi[k]} for k in shape.multi if k in multi]:
            row["multiValueExtendedProperties"] = several
        if shape.extensions:
            wanted = item.extensions if "*" in shape.extensions else shape.extensions
            row["extensions"] = [item.extensions[n] for n in wanted if n in item.extensions]
        if "linkedresources" in shape.nested:
            row["linkedResources"] = [dict(link) for link in item.linked]
        if "checklistitems" in shape.nested:
            row["checklistItems"] = [dict(line) for line in item.checklist]
        if "attachments" in shape.nested:
            row["attachments"] = [dict(a) for a in item.attachments]
        if "exceptionoccurrences" in shape.nested and item.is_series:
            row["exceptionOccurrences"] = [self.full(e, prefer) for e in item.exceptions.values()]
        if "calendar" in shape.nested:
            mailbox = self.store.mailboxes[item.mailbox.lower()]
            if not self.store.in_bin(mailbox, item):
                row["calendar"] = self.calendar(mailbox, mailbox.folders[item.folder])
        told = "cancelledOccurrences" in shape.select and self.store.switches["series_tells_cancelled"]
        if item.kind == EVENT and item.is_series and told:
            key = self.store.id_of(item, prefer.immutable)
            row["cancelledOccurrences"] = [f"OID.{key}.{d[:4]}-{d[4:6]}-{d[6:]}" for d in sorted(item.cancelled)]
        return row

    def _times(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        # An all-day event keeps its dates in every zone: midnight is midnight wherever it is read.
        name = prefer.zone or "UTC"
        custom = _custom_zone(item)
        if custom and not item.data.get("isAllDay"):
            return {side: {**item.data[side], "timeZone": custom} for side in ("start", "end")}
        if item.data.get("isAllDay"):
            return {
                side: {"dateTime": item.data[side]["dateTime"][:10] + "T00:00:00.0000000", "timeZone": name}
                for side in ("start", "end")
            }
        assert item.start is not None
        assert item.end is not None
        return {
            "start": {"dateTime": zones.wall(item.start, name), "timeZone": name},
            "end": {"dateTime": zones.wall(item.end, name), "timeZone": name},
        }

    def event_type(self, item: Item) -> str:
        if item.master is not None:
            return "exception" if item.day in item.master.exceptions else "occurrence"
        return "seriesMaster" if item.is_series else "singleInstance"

    def skeleton(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        """An occurrence in a delta page: ids, type and times only (docs-contrib#34)."""
        assert item.master is not None
        return {
            "@odata.type": "#microsoft.graph.event",
            "@odata.etag": etag(item),
            "seriesMasterId": self.store.id_of(item.master, prefer.immutable),
            "type": "occurrence",
            "id": self.store.id_of(item, prefer.immutable),
            **self._times(item, prefer),
        }

    def _event(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        data, stored = item.data, item.data.get("body", "")
        key = self.store.id_of(item, prefer.immutable)
        row: dict[str, Any] = {
            "@odata.etag": etag(item),
            "id": key,
            "createdDateTime": zones.stamp(item.created),
            "lastModifiedDateTime": zones.stamp(item.modified),
            "changeKey": item.change_key,
        }
        hidden = ("body", "start", "end", "isOrganizer", "organizer", "transactionId")
        row.update({k: v for k, v in data.items() if k not in hidden})
        if data.get("transactionId") and item.master is None:
            row["transactionId"] = data["transactionId"]
        if item.master is not None:
            row["iCalUId"] = f"{data['iCalUId']}{item.day}"
            row["originalStart"] = data["originalStart"]
            row["recurrence"] = None
        row["type"] = self.event_type(item)
        row["seriesMasterId"] = self.store.id_of(item.master, prefer.immutable) if item.master else None
        row["webLink"] = f"https://outlook.office365.com/owa/?itemid={item.rest_id}&exvsurl=1&path=/calendar/item"
        row["bodyPreview"] = bodies.preview(stored)
        row["body"] = {
            "contentType": prefer.body,
            "content": stored if prefer.body == "html" else bodies.to_text(stored),
        }
        if custom := _custom_zone(item):
            row["originalStartTimeZone"] = row["originalEndTimeZone"] = custom
        row["isOrganizer"] = data["isOrganizer"]
        row["organizer"] = data["organizer"]
        row["hasAttachments"] = bool(item.attachments)
        row.update(self._times(item, prefer))
        return row

    def _contact(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        data = dict(item.data)
        addresses = [data.pop(slot, None) for slot in SLOTS]
        row: dict[str, Any] = {
            "@odata.etag": etag(item),
            "id": self.store.id_of(item, prefer.immutable),
            "createdDateTime": zones.short_stamp(item.created),
            "lastModifiedDateTime": zones.short_stamp(item.modified),
            "changeKey": item.change_key,
            "parentFolderId": item.folder,
            **data,
            "emailAddresses": [a for a in addresses if a],
        }
        if self.store.switches["contact_email_slots"]:
            row.update(dict(zip(SLOTS, addresses, strict=True)))
        return row

    def _task(self, item: Item, prefer: Prefer) -> dict[str, Any]:
        row: dict[str, Any] = {
            "@odata.etag": etag(item),
            "id": self.store.id_of(item, prefer.immutable),
            "createdDateTime": zones.stamp(item.created),
            "lastModifiedDateTime": zones.stamp(item.modified),
            **{k: v for k, v in item.data.items() if v is not None},
            "hasAttachments": bool(item.attachments),
        }
        return row

    def calendar(self, mailbox: Mailbox, folder: Folder) -> dict[str, Any]:
        """A calendar container."""
        owner = {"name": mailbox.name, "address": mailbox.address}
        return {
            "id": folder.id,
            "name": folder.name,
            "color": "auto",
            "hexColor": "",
            "changeKey": folder.change_key,
            "isDefaultCalendar": folder.well_known == "calendar",
            "canShare": folder.can_edit,
            "canViewPrivateItems": True,
            "canEdit": folder.can_edit,
            "allowedOnlineMeetingProviders": ["teamsForBusiness"],
            "defaultOnlineMeetingProvider": "teamsForBusiness",
            "isTallyingResponses": folder.can_edit,
            "isRemovable": folder.well_known == "",
            "owner": owner,
        }

    def contact_folder(self, folder: Folder) -> dict[str, Any]:
        """A contact folder."""
        return {"id": folder.id, "parentFolderId": folder.parent, "displayName": folder.name}

    def task_list(self, folder: Folder) -> dict[str, Any]:
        """A To Do list."""
        return {
            "@odata.etag": f'W/"{folder.change_key}"',
            "displayName": folder.name,
            "isOwner": folder.can_edit,
            "isShared": not folder.can_edit,
            "wellknownListName": folder.well_known or "none",
            "id": folder.id,
        }
