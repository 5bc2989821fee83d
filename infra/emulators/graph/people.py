"""Users, mailbox settings, master categories, supported time zones and id translation."""

from __future__ import annotations

from typing import Any

from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.errors import GraphError, invalid
from infra.emulators.graph.filters import compile_filter
from infra.emulators.graph.model import Mailbox
from infra.emulators.graph.odata import listing, option, project, shape
from infra.emulators.graph.tenant import Tenant
from infra.emulators.graph.zones import WINDOWS, UnknownZoneError, windows_name, zone

TENANT_ID = "7d3f2c11-5a0e-4c7b-9d55-0e6a1f2b3c4d"
_DEFAULT_SELECT = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
]


class People:
    """Handlers of users and of what belongs to a mailbox as a whole."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.store = tenant.store

    def mount(self, router: Router) -> None:
        router.add("GET", "users", self.collection)
        router.add("GET", "users/{user}", self.get)
        router.add("GET", "organization", self.organization)
        router.add("GET", "users/{user}/mailboxSettings", self.settings)
        router.add("PATCH", "users/{user}/mailboxSettings", self.change_settings)
        router.add("GET", "users/{user}/mailboxSettings/{name}", self.setting)
        router.add("GET", "users/{user}/outlook/supportedTimeZones", self.zones)
        router.add("GET", "users/{user}/outlook/masterCategories", self.categories)
        router.add("POST", "users/{user}/outlook/masterCategories", self.add_category)
        router.add("DELETE", "users/{user}/outlook/masterCategories/{category}", self.delete_category)
        router.add("POST", "users/{user}/translateExchangeIds", self.translate)

    @staticmethod
    def row(mailbox: Mailbox) -> dict[str, Any]:
        given, _, surname = mailbox.name.partition(" ")
        return {
            "businessPhones": [],
            "displayName": mailbox.name,
            "givenName": given,
            "jobTitle": None,
            "mail": mailbox.address if mailbox.licensed else None,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": mailbox.locale,
            "surname": surname or None,
            "userPrincipalName": mailbox.address,
            "id": mailbox.id,
            "accountEnabled": True,
            "userType": "Member",
            "proxyAddresses": [f"SMTP:{mailbox.address}"],
        }

    def _shaped(self, mailbox: Mailbox, call: Call) -> dict[str, Any]:
        row = self.row(mailbox)
        wanted = shape(call, use_expand=False)
        if wanted.select:
            chosen = project(row, wanted)
            return chosen if "id" in wanted.select else {k: v for k, v in chosen.items() if k != "id"}
        return {k: row[k] for k in _DEFAULT_SELECT}

    def collection(self, call: Call) -> Answer:
        if text := option(call, "filter"):
            compile_filter(text)
        if option(call, "top") == "" and not call.prefer.page_size:
            call.query["$top"] = "100"
        return listing(call, "users", list(self.store.mailboxes.values()), self.row, lambda m: self._shaped(m, call))

    def get(self, call: Call, user: str) -> Answer:
        found = self.store.mailboxes.get(user.lower()) or self.store.by_address.get(user.lower())
        if found is None:
            raise GraphError(
                404,
                "Request_ResourceNotFound",
                f"Resource '{user}' does not exist or one of its queried reference-property objects are not present.",
            )
        return Answer(200, {"@odata.context": f"{call.base}/$metadata#users/$entity", **self._shaped(found, call)})

    def organization(self, call: Call) -> Answer:
        row = {
            "id": TENANT_ID,
            "displayName": "Contoso",
            "verifiedDomains": [{"name": "contoso.example", "isDefault": True}],
        }
        return Answer(200, {"@odata.context": f"{call.base}/$metadata#organization", "value": [row]})

    def _settings(self, mailbox: Mailbox) -> dict[str, Any]:
        return {
            "archiveFolder": "",
            "timeZone": windows_name(mailbox.zone),
            "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
            "dateFormat": "yyyy-MM-dd",
            "timeFormat": "HH:mm",
            "userPurpose": "user",
            "automaticRepliesSetting": {"status": "disabled"},
            "language": {"locale": mailbox.locale, "displayName": mailbox.locale},
            "workingHours": {
                "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                "startTime": "08:00:00.0000000",
                "endTime": "17:00:00.0000000",
                "timeZone": {"name": windows_name(mailbox.zone)},
            },
        }

    def settings(self, call: Call, user: str) -> Answer:
        mailbox = self.store.mailbox(user)
        context = f"{call.base}/$metadata#users('{mailbox.id}')/mailboxSettings"
        row = project(self._settings(mailbox), shape(call, use_expand=False))
        return Answer(200, {"@odata.context": context, **row})

    def setting(self, call: Call, user: str, name: str) -> Answer:
        mailbox = self.store.mailbox(user)
        found = {k.lower(): v for k, v in self._settings(mailbox).items()}
        if name.lower() not in found:
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{name}'.")
        value = found[name.lower()]
        return Answer(200, value if isinstance(value, dict) else {"value": value})

    def change_settings(self, call: Call, user: str) -> Answer:
        mailbox = self.store.mailbox(user)
        body = call.json_object()
        if wanted := body.get("timeZone"):
            try:
                zone(str(wanted))
            except UnknownZoneError:
                raise invalid(f"The time zone '{wanted}' is not supported.", "TimeZoneNotSupportedException") from None
            mailbox.zone = str(wanted)
        if isinstance(body.get("language"), dict):
            mailbox.locale = str(body["language"].get("locale") or mailbox.locale)
        self.store.changed = True
        return self.settings(call, user)

    def zones(self, call: Call, user: str) -> Answer:
        self.store.mailbox(user)
        iana = "iana" in " ".join(call.segments[4:]).lower() or "iana" in option(call, "timezonestandard").lower()
        names = sorted(set(WINDOWS.values())) if iana else list(WINDOWS)
        return Answer(200, {"value": [{"alias": n, "displayName": n} for n in names]})

    def categories(self, call: Call, user: str) -> Answer:
        mailbox = self.store.mailbox(user)
        return Answer(200, {"value": [dict(c) for c in mailbox.categories]})

    def add_category(self, call: Call, user: str) -> Answer:
        mailbox = self.store.mailbox(user)
        body = call.json_object()
        name = str(body.get("displayName") or "")
        if not name:
            raise invalid("displayName is required.", "ErrorInvalidRequest")
        if any(c["displayName"].casefold() == name.casefold() for c in mailbox.categories):
            raise GraphError(409, "ErrorDuplicateCategory", "A category with the specified name already exists.")
        made = {"id": self.store.ids.guid(), "displayName": name, "color": body.get("color") or "none"}
        mailbox.categories.append(made)
        self.store.changed = True
        return Answer(201, dict(made))

    def delete_category(self, call: Call, user: str, category: str) -> Answer:
        mailbox = self.store.mailbox(user)
        found = next((c for c in mailbox.categories if c["id"] == category), None)
        if found is None:
            raise GraphError(404, "ErrorItemNotFound")
        mailbox.categories.remove(found)
        self.store.changed = True
        return Answer(204)

    def translate(self, call: Call, user: str) -> Answer:
        """translateExchangeIds between restId and restImmutableEntryId."""
        mailbox = self.store.mailbox(user)
        body = call.json_object()
        inputs, target = body.get("inputIds") or [], str(body.get("targetIdType") or "").lower()
        if len(inputs) > 1000 or target not in ("restid", "restimmutableentryid"):
            raise invalid("inputIds holds at most 1000 ids; only REST ids are translated here.", "ErrorInvalidRequest")
        rows = []
        for source in inputs:
            item = mailbox.index.get(source)
            row: dict[str, Any] = {"sourceId": source, "targetId": None}
            if item is not None:
                row["targetId"] = item.rest_id if target == "restid" else item.immutable_id
            else:
                row["errorDetails"] = {
                    "code": "ErrorItemNotFound",
                    "message": "The specified object was not found in the store.",
                }
            rows.append(row)
        return Answer(200, {"@odata.context": f"{call.base}/$metadata#Collection(convertIdResult)", "value": rows})
