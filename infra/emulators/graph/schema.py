"""Member names of the types written to, from the published v1.0 schema; others are refused as Graph does."""

from __future__ import annotations

from typing import Any

from infra.emulators.graph.errors import GraphError

_ITEM = "id categories changeKey createdDateTime lastModifiedDateTime parentFolderId extensions"
_LEGACY = "singleValueExtendedProperties multiValueExtendedProperties"
MEMBERS: dict[str, frozenset[str]] = {
    "event": frozenset(
        f"{_ITEM} {_LEGACY} allowNewTimeProposals attendees body bodyPreview cancelledOccurrences end hasAttachments "
        "hideAttendees iCalUId importance isAllDay isCancelled isDraft isOnlineMeeting isOrganizer isReminderOn location "
        "locations onlineMeeting onlineMeetingProvider onlineMeetingUrl organizer originalEndTimeZone originalStart "
        "originalStartTimeZone recurrence reminderMinutesBeforeStart responseRequested responseStatus sensitivity "
        "seriesMasterId showAs start subject transactionId type webLink attachments calendar exceptionOccurrences "
        "instances".split()
    ),
    "contact": frozenset(
        f"{_ITEM} {_LEGACY} assistantName birthday businessAddress businessHomePage businessPhones children companyName "
        "department displayName emailAddresses fileAs generation givenName homeAddress homePhones imAddresses initials "
        "jobTitle manager middleName mobilePhone nickName officeLocation otherAddress personalNotes "
        "primaryEmailAddress profession secondaryEmailAddress spouseName surname tertiaryEmailAddress title "
        "yomiCompanyName yomiGivenName yomiSurname photo".split()
    ),
    "todoTask": frozenset(
        [
            "id",
            "body",
            "bodyLastModifiedDateTime",
            "categories",
            "completedDateTime",
            "createdDateTime",
            "dueDateTime",
            "hasAttachments",
            "importance",
            "isReminderOn",
            "lastModifiedDateTime",
            "recurrence",
            "reminderDateTime",
            "startDateTime",
            "status",
            "title",
            "attachments",
            "attachmentSessions",
            "checklistItems",
            "extensions",
            "linkedResources",
        ]
    ),
    "linkedResource": frozenset(["id", "applicationName", "displayName", "externalId", "webUrl"]),
    "checklistItem": frozenset(["id", "displayName", "isChecked", "checkedDateTime", "createdDateTime"]),
}


def check_members(kind: str, body: dict[str, Any]) -> None:
    """400 RequestBodyRead for a member the type does not have."""
    for name in body:
        if name not in MEMBERS[kind] and "@" not in name:
            raise GraphError(
                400,
                "RequestBodyRead",
                f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only use property "
                "names that are defined by the type.",
            )
