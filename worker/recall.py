"""What a pass remembers of earlier ones: the gatherer's view of the state, for one user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from reconcile.fields import meeting_sync_id
from reconcile.matching import MeetingKey, OutlookKey, X3Key
from reconcile.model import ItemType, Kind, Link, LinkState, Observation, Present, Seen, Side
from worker import wall_times
from worker.observed import OpenCreates
from worker.state import attempts, claims, links, users
from worker.state.store import Store


@dataclass(frozen=True, slots=True)
class Recall:
    """Implements `gather.Memory` over the store. `zone` is that of X3's wall times in this pass: a dry run, which stores
    nothing, sees the links as the real run would (G4, U6)."""

    store: Store
    user_id: int
    fp: str
    zone: str

    def links_by_x3(self, keys: Iterable[X3Key]) -> Sequence[Link]:
        """Links of these records."""
        wanted = list(keys)
        return self._read(lambda tx: links.by_x3(tx, self.user_id, wanted)) if wanted else []

    def links_by_outlook(self, keys: Iterable[OutlookKey]) -> Sequence[Link]:
        """Links of these items."""
        by_kind: dict[Kind, list[str]] = {}
        for kind, key in keys:
            by_kind.setdefault(kind, []).append(key)
        if not by_kind:
            return []
        return self._read(
            lambda tx: [link for kind, ids in by_kind.items() for link in links.by_outlook(tx, self.user_id, kind, ids)]
        )

    def _read(self, query: Callable[[Session], Iterable[Link]]) -> list[Link]:
        with self.store.read() as tx:
            found = list(query(tx))
            return wall_times.retold(found, users.x3_zone(tx, self.user_id), self.zone) if found else []

    def link_keys(self, folder: str | None) -> Sequence[Link]:
        """All links of the user, or those of one folder, without their contents."""
        with self.store.read() as tx:
            return [
                Link(
                    id=version.id,
                    type=ItemType(version.type),
                    state=LinkState(version.state),
                    x3_key=version.x3_key,
                    auuid=version.auuid,
                    outlook_key=version.outlook_key,
                    folder=version.folder,
                    x3=Seen(version=version.x3_version),
                    outlook=Seen(version=version.outlook_version),
                )
                for version in links.versions(tx, self.user_id)
                if folder is None or version.folder == folder
            ]

    def links_of_series(self, series: Iterable[str]) -> Sequence[Link]:
        """Links of the occurrences of these series (A8)."""
        wanted = list(series)
        if not wanted:
            return []
        return self._read(lambda tx: [link for one in wanted for link in links.by_event(tx, self.user_id, series_id=one)])

    def creates(self) -> OpenCreates:
        """What was sent and not answered (M7)."""
        with self.store.read() as tx:
            found = attempts.of_user(tx, self.user_id)
        return OpenCreates(
            in_x3={one.sync_id: one.source_key for one in found if one.side is Side.X3},
            invitations=frozenset(one.sync_id for one in found if one.invited),
            in_outlook=frozenset((one.type, one.source_key) for one in found if one.side is Side.OUTLOOK),
        )

    def claims(self, keys: Iterable[MeetingKey]) -> Mapping[MeetingKey, X3Key]:
        """The records that other mailboxes have of meetings, by having made them or by their links: X3 may have made the
        record before anybody was invited (M6). A link knows better than a claim, which is as old as the record, unless
        it was released."""
        wanted = list(keys)
        with self.store.read() as tx:
            made = claims.of_meetings(tx, self.fp, wanted)
            linked = links.of_meetings(tx, self.user_id, {uid for uid, _ in wanted})
        answers: dict[MeetingKey, X3Key] = {}
        for uid, start in wanted:
            name = (uid, links.iso(start))
            claim, link = made.get(name), linked.get(name)
            if link is not None and link.state is not LinkState.RELEASED:
                answers[uid, start] = (link.type, link.x3_key)
            elif claim is not None and claim.x3_key and claim.user_id != self.user_id:
                answers[uid, start] = (claim.type, claim.x3_key)
            elif link is not None:
                answers[uid, start] = (link.type, link.x3_key)
        return answers

    def meetings_of(self, records: Iterable[X3Key]) -> Mapping[X3Key, frozenset[MeetingKey]]:
        """The events that these records have in other mailboxes, of those that have any (M6)."""
        with self.store.read() as tx:
            return links.meetings_of(tx, self.user_id, records)

    def claimed(self, records: Mapping[X3Key, Observation]) -> frozenset[str]:
        """Which of these records come from a meeting of another mailbox (M6). A record whose maker has not heard of it yet,
        because the answer was lost or his pass was killed (M7), is known by its ZSYNCID."""
        with self.store.read() as tx:
            found = claims.of_records(tx, self.fp, {key for _, key in records})
            waiting = claims.unsettled(tx, self.fp)
        theirs = {key for key, claim in found.items() if claim.user_id != self.user_id}
        made = {
            meeting_sync_id(self.fp, claim.ical_uid, claim.original_start)
            for claim in waiting
            if claim.user_id != self.user_id
        }
        theirs |= {key for (_, key), o in records.items() if made and isinstance(o, Present) and o.x3.sync_id in made}
        return frozenset(theirs)
