"""`demo`: a small office around today, with every kind of item a first synchronisation meets.

X3 holds 32 contacts, 24 tasks, 22 appointments and 10 calls; 8 contacts, 6 tasks and 8 events were born in Outlook, of
which two contacts and two events are private and one event is a weekly series.
"""

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from infra.emulators.seed import base
from infra.emulators.seed.model import (
    Address,
    Appointment,
    Attendee,
    Call,
    Event,
    MailContact,
    MailTask,
    OutlookContactRecord,
    Person,
    Task,
    User,
    World,
)

LEADS = 3
REPORTS = (
    "",
    "Client satisfait, à revoir en avril.",
    "Bring the new catalogue 📚\nAsk for Mr Dupré.",
    "Menge: 2 × 40 Stück",
)


def _persons(rng: random.Random) -> tuple[Person, ...]:
    rows = []
    for n in range(34):
        number, _, country = base.COMPANIES[n % len(base.COMPANIES)]
        surname, given = base.SURNAMES[n % len(base.SURNAMES)], base.GIVEN[(n * 5 + n // 26) % len(base.GIVEN)]
        lead = n >= 34 - LEADS
        rows.append(
            Person(
                number=f"CCN{n + 1:012d}",
                surname=surname,
                given=given,
                title=1 + n % 3,
                email=f"contact{n + 1}@{number.lower()}.example",
                phone=f"+33 1 40 00 {n:02d} {rng.randint(10, 99)}",
                mobile=f"+33 6 12 00 {n:02d} {rng.randint(10, 99)}",
                address=base.office(country, n),
                customer="" if lead else number,
                lead=lead,
            )
        )
    return tuple(rows)


def _contacts(persons: tuple[Person, ...], users: tuple[User, ...], now: datetime) -> tuple[OutlookContactRecord, ...]:
    rows = []
    for n, person in enumerate(persons[:30]):
        company = base.COMPANIES[n % len(base.COMPANIES)]
        owners = {users[n % 3].representative} | ({users[(n + 1) % 3].representative} if n % 6 == 0 else set())
        rows.append(
            OutlookContactRecord(
                number=f"COR{n + 1:012d}",
                surname=person.surname,
                given=person.given,
                title=person.title,
                person=person.number,
                customer=company[0],
                company=company[1],
                job="Buyer" if n % 2 else "Directrice des achats",
                department="Purchasing",
                work=base.office(company[2], n),
                phone=person.phone,
                mobile=person.mobile,
                email=person.email,
                home=Address(street=f"{n} rue de l'Église", zip="44000", city="NANTES", country="FR")
                if n % 5 == 0
                else Address(),
                home_phone="+33 2 40 11 22 33" if n % 5 == 0 else "",
                birthday=date(1970 + n, 1 + n % 12, 1 + n % 28) if n % 4 == 0 else None,
                language=base.LANGUAGES[company[2]],
                representatives=tuple(sorted(owners)),
                modified=now - timedelta(days=3 + n, minutes=n),
            )
        )
    rows += [  # no CRM contact, no partner: a card of somebody's mailbox that came to X3 earlier
        OutlookContactRecord(
            number=f"COR{n + 1:012d}",
            surname=base.SURNAMES[n % 26],
            given="Jo",
            email=f"jo{n}@private.example",
            representatives=(users[n % 3].representative,),
            modified=now - timedelta(days=n),
        )
        for n in (30, 31)
    ]
    return tuple(rows)


def _action(now: datetime, n: int) -> str:
    return f"ACT{now:%y%m}{n:08d}"


def _tasks(contacts: tuple[OutlookContactRecord, ...], users: tuple[User, ...], now: datetime) -> tuple[Task, ...]:
    rows = []
    for n in range(24):
        owner = users[n % 3]
        card = contacts[n % 30] if n % 3 != 2 else None
        due = now.date() + timedelta(days=n * 2 - 12)
        subject = f"{base.SUBJECTS[n % len(base.SUBJECTS)]} ({n + 1})"
        if n == 5:
            subject = "Long subject – " + "résumé détaillé de la demande, " * 9
        rows.append(
            Task(
                number=_action(now, n + 1),
                subject=subject,
                report=REPORTS[n % 4],
                representative=owner.representative,
                start=due - timedelta(days=n % 3),
                due=due,
                done=n % 6 == 5,
                priority="123"[n % 3],
                category="ACT",
                customer=card.customer if card else base.COMPANIES[n % 12][0],
                contact=card.number if card else "",
                person=card.person if card else "",
                modified=now - timedelta(days=2, hours=n),
            )
        )
    return tuple(rows)


def _appointments(
    contacts: tuple[OutlookContactRecord, ...], users: tuple[User, ...], now: datetime
) -> tuple[Appointment, ...]:
    rows = []
    reps = tuple(owner.representative for owner in users)
    for n in range(22):
        organiser = reps[n % 3]
        team = (organiser,) if n % 4 else tuple(reps[(n + k) % 3] for k in range(2 + n % 2))
        cards = tuple(contacts[(n + k) % 30] for k in range(1 + n % 3)) if n % 5 != 4 else ()
        start = datetime.combine(now.date() + timedelta(days=n - 8), time(9 + n % 3))
        all_day = n == 13
        if all_day:
            start = datetime.combine(start.date(), time(0))
        rows.append(
            Appointment(
                number=_action(now, 100 + n),
                subject=f"{('Visit', 'Besprechung', 'Réunion', 'Review 🎯')[n % 4]} {n + 1}",
                report=REPORTS[n % 4],
                organiser=organiser,
                representatives=team,
                start=start,
                end=start + (timedelta(days=0) if all_day else timedelta(minutes=60 + 30 * (n % 2))),
                all_day=all_day,
                category="2" if n % 4 == 0 else "1",
                done=n < 4,
                place=1 + n % 3,
                place_text="Salle « Étoile »" if n % 3 == 2 else "",
                address=base.office(base.COMPANIES[n % 12][2], n) if n % 3 == 0 else Address(),
                customer=cards[0].customer if cards else base.COMPANIES[n % 12][0],
                contacts=tuple(card.number for card in cards),
                persons=tuple(card.person for card in cards),
                modified=now - timedelta(days=1, hours=n),
            )
        )
    return tuple(rows)


def _calls(contacts: tuple[OutlookContactRecord, ...], users: tuple[User, ...], now: datetime) -> tuple[Call, ...]:
    return tuple(
        Call(
            number=_action(now, 200 + n),
            subject=f"Call {contacts[n].given} {contacts[n].surname}",
            report=REPORTS[n % 4],
            representative=users[n % 3].representative,
            day=now.date() + timedelta(days=n - 4),
            hour=f"{8 + n % 9:02d}30",
            minutes=10 + 5 * n,
            outgoing=n % 2 == 0,
            done=n < 4,
            phone=contacts[n].phone,
            customer=contacts[n].customer,
            contact=contacts[n].number,
            person=contacts[n].person,
            modified=now - timedelta(days=1, minutes=n),
        )
        for n in range(10)
    )


def _events(users: tuple[User, ...], now: datetime) -> tuple[Event, ...]:
    first = now.date() - timedelta(days=now.weekday())  # this week's Monday

    def at(days: int, hour: int) -> datetime:
        return datetime.combine(now.date() + timedelta(days=days), time(hour))

    one, two, three = (owner.mailbox for owner in users)
    old = now - timedelta(hours=30)

    def event(mailbox: str, subject: str, start: datetime, minutes: int = 60, **more: object) -> Event:
        plain = Event(
            mailbox=mailbox,
            folder="Calendar",
            subject=subject,
            start=start,
            end=start + timedelta(minutes=minutes),
            zone=base.ZONE,
            modified=old,
        )
        return replace(plain, **more)  # type: ignore[arg-type]  # the keywords are Event's own

    return (
        event(
            one,
            "Lunch with Blue Lake 🍽",
            at(2, 13),
            body="<p>Table for <b>two</b></p>",
            html=True,
            location="Le Vieux Port",
            companies=("Blue Lake Foods   #BLUELAKE#",),
        ),
        event(one, "Dentist", at(3, 15), sensitivity="private", body="Tooth 36"),
        event(two, "Entretien personnel", at(4, 15), sensitivity="confidential"),
        event(
            one,
            "Sales stand-up",
            datetime.combine(first, time(17)),
            30,
            recurrence={
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
                "range": {"type": "numbered", "startDate": first.isoformat(), "numberOfOccurrences": 8},
            },
        ),
        event(two, "Préparation du salon", at(8, 14), 90, body="Plan, badges, démo", categories=("Blue category",)),
        event(
            three,
            "Project kick-off",
            at(6, 14),
            attendees=(
                Attendee(name="Jo Price", address="jo.price@fabrikam.example", response="accepted"),
                Attendee(name="Alice Martin", address=one, response="accepted"),
            ),
        ),
        event(three, "Trade fair", at(20, 0), 1440, all_day=True, location="Köln"),
        event(two, "Client X3 – visite", at(7, 16), linked_contacts=("Anaïs Almeida",)),
    )


def _mail_contacts(users: tuple[User, ...], now: datetime) -> tuple[MailContact, ...]:
    names = (
        ("Nakamura", "Ren"),
        ("Ślusarz", "Ewa"),
        ("van Dijk", "Joost"),
        ("Öztürk", "Deniz"),
        ("Mbeki", "Thabo"),
        ("Lindqvist", "Åsa"),
        ("Secret", "Sam"),
        ("Médecin", "Docteur"),
    )
    rows = []
    for n, (surname, given) in enumerate(names):
        rows.append(
            MailContact(
                mailbox=users[n % 3].mailbox,
                folder="Contacts",
                surname=surname,
                given=given,
                company="Fabrikam" if n % 2 else "",
                job="Engineer",
                emails=(f"{given.lower()}.{n}@fabrikam.example",),
                business_phones=(f"+31 20 555 01{n:02d}",),
                mobile=f"+31 6 1234 00{n:02d}",
                business=Address(street=f"Kade {n}", zip="1011 AB", city="Amsterdam", country="NL"),
                private=n >= 6,
                modified=now - timedelta(hours=40 + n),
            )
        )
    return tuple(rows)


def _mail_tasks(users: tuple[User, ...], now: datetime) -> tuple[MailTask, ...]:
    titles = (
        "Order business cards",
        "Répondre à Mme Côté",
        "Book the train 🚆",
        "Kalkulation für Elbtechnik",
        "Read contract",
        "Expense report",
    )
    return tuple(
        MailTask(
            mailbox=users[n % 3].mailbox,
            folder="Tasks",
            title=title,
            body="See mail" if n % 2 else "",
            due=now.date() + timedelta(days=3 * n - 2) if n != 4 else None,
            status="completed" if n == 5 else "notStarted",
            importance="high" if n == 0 else "normal",
            modified=now - timedelta(hours=20 + n),
        )
        for n, title in enumerate(titles)
    )


def demo(name: str, now: datetime) -> World:
    now = now.replace(microsecond=0)
    plain = base.empty(name, now)
    rng, users = random.Random(name), plain.users
    persons = _persons(rng)
    contacts = _contacts(persons, users, now)
    return replace(
        plain,
        persons=persons,
        contacts=contacts,
        tasks=_tasks(contacts, users, now),
        calls=_calls(contacts, users, now),
        appointments=_appointments(contacts, users, now),
        events=_events(users, now),
        mail_contacts=_mail_contacts(users, now),
        mail_tasks=_mail_tasks(users, now),
    )
