"""Items as the tests create them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count

from reconcile.actions import Create, Update
from reconcile.model import (
    Address,
    Appointment,
    Call,
    Changes,
    Company,
    Contact,
    Content,
    Direction,
    PersonName,
    Place,
    PlaceKind,
    Present,
    Priority,
    Relation,
    Side,
    Task,
    TaskDates,
    When,
    type_of,
)

_numbers = count(1)
TODAY = datetime.now(UTC).date()
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC) + timedelta(days=3)

CONTACT = Contact(
    name=PersonName(surname="Lefèvre", given="Chloé"),
    title="Mrs",
    function="Head of 2×4 — sales",
    department="Sales",
    company="Tuileries & Cie <Loire>",
    work_address=Address(street="12 rue du Port\nBâtiment B", postal_code="44000", city="NANTES", country="FR"),
    work_phone="+33 2 40 00 00 01",
    work_fax="+33 2 40 00 00 02",
    mobile="+33 6 00 00 00 01",
    work_email="chloe@example.com",
    home_address=Address(street="3 quai", postal_code="44100", city="NANTES", state="PdL", country="FR"),
    home_phone="+33 2 40 00 00 03",
    home_email="chloe@home.example",
    birthday=date(1980, 2, 29),
)
TASK = Task(
    subject="Préparer le devis 🚚 & <co>",
    report="Première ligne\n\ntroisième ]]> ligne",
    dates=TaskDates(start=TODAY, due=TODAY + timedelta(days=5)),
    done=False,
    priority=Priority.HIGH,
    relation=Relation(company=Company(number="LOIRE")),
)
CALL = Call(
    when=When(start=NOON, end=NOON + timedelta(minutes=45)),
    subject="Call back",
    report="About the offer",
    done=True,
    direction=Direction.INCOMING,
    phone="+33 1 23",
    relation=Relation(company=Company(number="JURA")),
)
APPOINTMENT = Appointment(
    when=When(start=NOON, end=NOON + timedelta(hours=2)),
    subject="Visit",
    report="Agenda",
    place=Place(text="Room 4, first floor", kind=PlaceKind.OTHER),
    done=False,
    category=1,
    relation=Relation(company=Company(number="FJORD")),
    participants=("R002", "R003"),
)
ALL: tuple[Content, ...] = (CONTACT, TASK, CALL, APPOINTMENT)


def create(content: Content, *, sync_id: str | None = None, representative: str = "R001") -> Create:
    """A create step, with an id of its own unless one is given."""
    return Create(
        side=Side.X3,
        type=type_of(content),
        content=content,
        sync_id=f"test{next(_numbers):036d}" if sync_id is None else sync_id,
        representative=representative,
    )


def update(target: Present, **changes: object) -> Update:
    """An update step."""
    written: Changes = dict(changes)
    return Update(side=Side.X3, type=target.x3.type, target=target, changes=written)
