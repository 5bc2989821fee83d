"""What is sought in Outlook because no stream shows it: where vanished items went (S8, A8), and the invitation to a meeting
whose record is new to the user (M6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconcile.model import UNREAD, Absent, Born, Kind, Link, Marker, Present, Private, Where
from reconcile.port import Sighting, TryLater
from worker.beyond import shown_around
from worker.observed import Gathered, Memory, OutlookQuestions


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Seeks in one user's mailbox. `fp` and `mailbox` are those of his markers (M2)."""

    outlook: OutlookQuestions
    memory: Memory
    fp: str
    mailbox: str

    async def vanished(self, seen: Gathered) -> None:
        """S8: a vanished task is sought by its marker in all lists, a vanished event by its iCalUId and by those that its
        record has with others (M6). No search finds an occurrence; its series tells how it went (A8)."""
        gone = [
            link for link in seen.links.values() if isinstance(seen.outlook.get((link.type.kind, link.outlook_key)), Absent)
        ]
        events = [link for link in gone if link.type.kind is Kind.EVENT]
        singles = {(link.type, link.x3_key): link for link in events if link.ical_uid and not link.series_id}
        theirs = self.memory.meetings_of(singles)
        for record, link in singles.items():
            uids = {link.ical_uid, *(uid for uid, start in theirs.get(record, ()) if start is None)}
            found = await self._find(uids)
            if found is None:
                seen.outlook[Kind.EVENT, link.outlook_key] = UNREAD
            linked = {one.outlook_key for one in self.memory.links_by_outlook((Kind.EVENT, e.key) for e in found or ())}
            for event in found or ():
                if event.key not in linked or event.key == link.outlook_key:
                    seen.found(Kind.EVENT, event)
        occurrences = [link for link in events if link.series_id]
        if occurrences:
            for key, went in (await self.outlook.how_they_went(occurrences)).items():
                seen.outlook[Kind.EVENT, key] = Absent(key=key, went=went)
        markers = {marker for link in gone if link.type.kind is Kind.TASK for marker in self._markers(link)}
        if markers:
            for task in (await self.outlook.seek(markers)).values():
                seen.found(Kind.TASK, task)

    async def invitations(self, seen: Gathered, calendars: Collection[str]) -> list[Sighting]:
        """M6: a record that is new to the user may be one of a meeting to which he was invited before he came into it, and
        whose event has not changed since: it must not be made again beside that. A single event is found by its iCalUId;
        answers what the calendars show on the days of occurrences."""
        linked = {(link.type, link.x3_key) for link in self.memory.links_by_x3(seen.x3)}
        claimed = self.memory.claimed(seen.x3)
        new = {
            key: observed
            for key, observed in seen.x3.items()
            if key not in linked
            and key[1] not in claimed
            and isinstance(observed, Present)
            and observed.where is not Where.ELSEWHERE
        }
        recurring: list[Present] = []
        for key, meetings in self.memory.meetings_of(new).items():
            if any(start is not None for _, start in meetings):
                recurring.append(new[key])
                continue
            found = await self._find({uid for uid, _ in meetings})
            if found is None:
                seen.x3[key] = UNREAD
            elif found:
                seen.invited.add(key[1])
            for event in found or ():
                seen.found(Kind.EVENT, event)
        return await shown_around(recurring, self.outlook, calendars)

    async def _find(self, uids: Iterable[str]) -> list[Present | Private] | None:
        """None when a calendar did not answer: then nobody knows."""
        try:
            return [event for uid in sorted(uids) for event in await self.outlook.find_ical(uid)]
        except TryLater:
            return None

    def _markers(self, link: Link) -> Iterator[Marker]:
        for born in Born:
            yield Marker(fp=self.fp, mailbox=self.mailbox, type=link.type, x3_key=link.x3_key, born=born)
