"""The people, partners and mailboxes every seed has, and the name lists the generators draw from."""

import uuid
from datetime import datetime

from infra.emulators.seed.model import FLAGS, Address, Customer, Folder, Mailbox, SyncSettings, User, World

ZONE = "Europe/Paris"
SPACE = uuid.UUID("7f1c0f5a-3b60-4c59-9a51-2c8f3d5f0b11")

GIVEN = (
    "Anaïs",
    "Björn",
    "Chloé",
    "Dieter",
    "Élodie",
    "François",
    "Gülay",
    "Hélène",
    "Íñigo",
    "Jürgen",
    "Katarzyna",
    "Loïc",
    "María",
    "Noël",
    "Øyvind",
    "Paola",
    "Quentin",
    "Renée",
    "Søren",
    "Thérèse",
    "Ursula",
    "Víctor",
    "William",
    "Xavier",
    "Yasmine",
    "Zoë",
)
SURNAMES = (
    "Almeida",
    "Bäcker",
    "Côté",
    "Dupré",
    "Eriksson",
    "Fournier",
    "García",
    "Hübner",
    "Ibáñez",
    "Jørgensen",
    "Kowalski",
    "Lefèvre",
    "Müller",
    "Núñez",
    "O'Brien",
    "Pérez",
    "Quéré",
    "Rossi",
    "Schröder",
    "Tréhet",
    "Urban",
    "Vasseur",
    "Weiß",
    "Yıldız",
    "Zajac",
    "D’Angelo",
)
COMPANIES = (
    ("BLUELAKE", "Blue Lake Foods", "GB"),
    ("BOULAN", "Boulangerie de l'Été", "FR"),
    ("CAFEZURI", "Café Zürich AG", "CH"),
    ("DOURO", "Vinhos do Douro", "PT"),
    ("ELBTECH", "Elbtechnik GmbH", "DE"),
    ("FJORD", "Fjord & Fjell AS", "NO"),
    ("GALICIA", "Conservas Galicia", "ES"),
    ("HARBOUR", "Harbour & Sons Ltd", "GB"),
    ("ISERE", "Isère Énergie", "FR"),
    ("JURA", "Horlogerie du Jura", "CH"),
    ("KRAKOW", "Kraków Logistyka", "PL"),
    ("LOIRE", "Tuileries de Loire", "FR"),
)
CITIES = {
    "GB": ("BRISTOL", "BS1 4DJ"),
    "FR": ("NANTES", "44000"),
    "CH": ("ZURICH", "8001"),
    "PT": ("PORTO", "4000-001"),
    "DE": ("HAMBURG", "20095"),
    "NO": ("BERGEN", "5003"),
    "ES": ("VIGO", "36201"),
    "PL": ("KRAKOW", "30-001"),
}
LANGUAGES = {"GB": "BRI", "FR": "FRA", "CH": "GER", "DE": "GER", "ES": "SPA", "PT": "POR", "NO": "ENG", "PL": "ENG"}
SUBJECTS = (
    "Call back about the offer",
    "Prepare quotation 2×4",
    "Relance devis été",
    "Angebot prüfen",
    "Follow-up visit 🚚",
    "Send samples",
    "Réclamation client – à traiter",
    "Renew contract",
    "Check delivery dates",
    "Préparer la réunion",
)

SPECIAL = (
    ("REP1", "Alice Martin", "R001", "ENG", "en-US", True),
    ("REP2", "Benoît Lefèvre", "R002", "FRA", "fr-FR", True),
    ("REP3", "Carla Nuñez", "R003", "ENG", "en-GB", False),  # found by SALESREP.AUSNUM only
)


def object_id(address: str) -> str:
    return str(uuid.uuid5(SPACE, address))


def user(code: str, name: str, representative: str, language: str, parameter: bool) -> User:
    address = f"{code.lower()}@contoso.example"
    return User(
        code=code,
        name=name,
        representative=representative,
        representative_name=name,
        mailbox=address,
        object_id=object_id(address),
        language=language,
        has_parameter=parameter,
    )


def mailbox(owner: User, locale: str) -> Mailbox:
    folders = (
        Folder(kind="calendar", name="Calendar"),
        Folder(kind="contacts", name="Contacts"),
        Folder(kind="list", name="Tasks"),
    )
    return Mailbox(
        address=owner.mailbox, name=owner.name, object_id=owner.object_id, locale=locale, zone=ZONE, folders=folders
    )


def office(country: str, n: int) -> Address:
    city, code = CITIES[country]
    return Address(street=f"{10 + 3 * n} Market Street", zip=code, city=city, country=country)


def customers(users: tuple[User, ...]) -> tuple[Customer, ...]:
    return tuple(
        Customer(
            number=number,
            name=name,
            language=LANGUAGES[country],
            address=office(country, n),
            representatives=(users[n % len(users)].representative,),
        )
        for n, (number, name, country) in enumerate(COMPANIES)
    )


def empty(name: str, now: datetime, users: tuple[User, ...] = (), locales: tuple[str, ...] = ()) -> World:
    """Users, representatives, customers and default folders only."""
    if not users:
        users = tuple(user(code, who, rep, language, own) for code, who, rep, language, _, own in SPECIAL)
        locales = tuple(row[4] for row in SPECIAL)
    return World(
        name=name,
        now=now,
        zone=ZONE,
        users=users,
        mailboxes=tuple(mailbox(owner, locale) for owner, locale in zip(users, locales, strict=True)),
        customers=customers(users),
        settings=tuple(SyncSettings(user=owner.code, flags=dict.fromkeys(FLAGS, True)) for owner in users),
    )
