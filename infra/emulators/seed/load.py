"""`load:M:N`: many mailboxes, many plain items, no two appointments of one representative at once."""

import random
from dataclasses import replace
from datetime import datetime, time, timedelta

from infra.emulators.seed import base
from infra.emulators.seed.model import (
    Appointment,
    Call,
    Event,
    MailContact,
    MailTask,
    OutlookContactRecord,
    Task,
    User,
    World,
)

MIX = ("contact", "task", "event", "contact", "call", "contact", "task", "event", "contact", "event")
DAYS = 180  # appointments lie from 20 days ago to 160 days ahead, inside the default window


class _Maker:
    def __init__(self, name: str, now: datetime) -> None:
        self.rng = random.Random(name)  # seedable
        self.now = now.replace(microsecond=0)
        self.actions = 0
        self.cards = 0
        self.contacts: list[OutlookContactRecord] = []
        self.tasks: list[Task] = []
        self.calls: list[Call] = []
        self.appointments: list[Appointment] = []
        self.events: list[Event] = []
        self.mail_contacts: list[MailContact] = []
        self.mail_tasks: list[MailTask] = []

    def action(self) -> str:
        self.actions += 1
        return f"ACT{self.now:%y%m}{self.actions:08d}"

    def modified(self) -> datetime:
        return self.now - timedelta(days=self.rng.randint(1, 60), seconds=self.rng.randint(0, 86_399))

    def slot(self, n: int) -> datetime:
        day = self.now.date() + timedelta(days=n % DAYS - 20)
        return datetime.combine(day, time(5)) + timedelta(minutes=20 * (n // DAYS % 57))

    def card(self, owner: User, n: int, in_x3: bool) -> None:
        surname, given = self.rng.choice(base.SURNAMES), self.rng.choice(base.GIVEN)
        number, company, country = base.COMPANIES[n % len(base.COMPANIES)]
        email = f"c{n}.{owner.code.lower()}@{number.lower()}.example"
        phone, where, modified = f"+44 117 {n % 10_000_000:07d}", base.office(country, n % 90), self.modified()
        if in_x3:
            self.cards += 1
            self.contacts.append(
                OutlookContactRecord(
                    number=f"COR{self.cards:012d}",
                    surname=surname,
                    given=given,
                    customer=number,
                    company=company,
                    work=where,
                    phone=phone,
                    email=email,
                    representatives=(owner.representative,),
                    modified=modified,
                )
            )
        else:
            self.mail_contacts.append(
                MailContact(
                    mailbox=owner.mailbox,
                    folder="Contacts",
                    surname=surname,
                    given=given,
                    company=company,
                    emails=(email,),
                    business_phones=(phone,),
                    business=where,
                    modified=modified,
                )
            )

    def task(self, owner: User, n: int, in_x3: bool) -> None:
        subject, due = f"{self.rng.choice(base.SUBJECTS)} {n}", self.now.date() + timedelta(days=n % 120 - 10)
        if in_x3:
            self.tasks.append(
                Task(
                    number=self.action(),
                    subject=subject,
                    report=f"Note {n}",
                    representative=owner.representative,
                    start=due,
                    due=due,
                    customer=base.COMPANIES[n % len(base.COMPANIES)][0],
                    modified=self.modified(),
                )
            )
        else:
            self.mail_tasks.append(
                MailTask(
                    mailbox=owner.mailbox,
                    folder="Tasks",
                    title=subject,
                    body=f"Note {n}",
                    due=due,
                    modified=self.modified(),
                )
            )

    def event(self, owner: User, n: int, in_x3: bool) -> None:
        start = self.slot(n)
        subject, end = f"{self.rng.choice(base.SUBJECTS)} {n}", start + timedelta(minutes=20)
        if in_x3:
            self.appointments.append(
                Appointment(
                    number=self.action(),
                    subject=subject,
                    report=f"Note {n}",
                    organiser=owner.representative,
                    representatives=(owner.representative,),
                    start=start,
                    end=end,
                    customer=base.COMPANIES[n % len(base.COMPANIES)][0],
                    modified=self.modified(),
                )
            )
        else:
            self.events.append(
                Event(
                    mailbox=owner.mailbox,
                    folder="Calendar",
                    subject=subject,
                    body=f"<p>Note {n}</p>",
                    html=True,
                    start=start,
                    end=end,
                    zone=base.ZONE,
                    modified=self.modified(),
                )
            )

    def call(self, owner: User, n: int) -> None:
        start = self.slot(n)
        self.calls.append(
            Call(
                number=self.action(),
                subject=f"Call {n}",
                representative=owner.representative,
                day=start.date(),
                hour=f"{start:%H%M}",
                minutes=15,
                modified=self.modified(),
            )
        )


def load(name: str, now: datetime, mailboxes: int, items: int, side: str) -> World:
    users = tuple(base.user(f"U{n:04d}", f"User {n}", f"L{n:04d}", "ENG", True) for n in range(1, mailboxes + 1))
    if not users:
        raise ValueError("a load needs at least one mailbox")
    maker = _Maker(name, now)
    for owner in users:
        for n in range(items):
            in_x3 = side == "x3" or (side == "both" and n // len(MIX) % 2 == 0)
            kind = MIX[n % len(MIX)]
            if kind == "contact":
                maker.card(owner, n, in_x3)
            elif kind == "task":
                maker.task(owner, n, in_x3)
            elif kind == "call" and in_x3:
                maker.call(owner, n)
            else:
                maker.event(owner, n, in_x3)
    return replace(
        base.empty(name, now, users, ("en-US",) * mailboxes),
        contacts=tuple(maker.contacts),
        tasks=tuple(maker.tasks),
        calls=tuple(maker.calls),
        appointments=tuple(maker.appointments),
        events=tuple(maker.events),
        mail_contacts=tuple(maker.mail_contacts),
        mail_tasks=tuple(maker.mail_tasks),
    )
