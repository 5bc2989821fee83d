"""A seed's world as rows of X3 tables."""

import uuid
from datetime import date, datetime
from typing import Any

from infra.emulators.seed.model import Address, Appointment, Call, OutlookContactRecord, Person, Task, World
from infra.emulators.x3.store import Store
from infra.emulators.x3.tables import COUNTRIES, OBJECT_TABLE, TABLES, Row

SPACE = uuid.UUID("3b0c3df2-94a5-4f0e-8a63-2a4c5d0f7711")


def load(world: World) -> Store:
    """The folder of that world. The same world gives the same rows, AUUIDs included."""
    store = Store(world.zone)
    loading = _Loading(store, world)
    loading.people()
    loading.partners()
    for person in world.persons:
        loading.person(person)
    for contact in world.contacts:
        loading.contact(contact)
    for task in world.tasks:
        loading.task(task)
    for call in world.calls:
        loading.call(call)
    for appointment in world.appointments:
        loading.appointment(appointment)
    loading.counters()
    return store


def _day(value: date | None) -> str:
    return f"{value:%Y%m%d}" if value else ""


def _lines(text: str) -> list[str]:
    return [*text.splitlines(), "", "", ""][:3]


class _Loading:
    def __init__(self, store: Store, world: World) -> None:
        self.store = store
        self.world = world
        self.user_of = {user.representative: user.code for user in world.users}

    def row(self, table: str, moment: datetime, by: str, **values: Any) -> Row:
        row = TABLES[table].blank() | values
        row.update({name: list(value) for name, value in row.items() if isinstance(value, list)})
        self.store.sign(row, moment, by, True)
        key = "~".join(str(row[name]) for name in TABLES[table].key)
        row["AUUID"] = uuid.uuid5(SPACE, f"{self.world.name}/{table}/{key}").hex
        self.store.put(table, row)
        return row

    def people(self) -> None:
        now = self.world.now
        for name, on in self.world.folder_switches.items():
            self.row("ADOVAL", now, "ADMIN", PARAM=name, VALEUR="2" if on else "1")
        for user in self.world.users:
            self.row(
                "AUTILIS",
                now,
                "ADMIN",
                USR=user.code,
                NOMUSR=user.name,
                ENAFLG=2 if user.enabled else 1,
                AUSCRMA="SALES",
                AUSCRMF=user.representative if user.has_parameter else "",
                CRMAPTTYP=str(user.appointment_category),
                LAN=user.language,
            )
            self.row(
                "SALESREP",
                now,
                "ADMIN",
                REPNUM=user.representative,
                REPNAM=user.representative_name,
                AUSNUM=user.code,
                FCY="PAR01",
            )
            self.row("BPARTNER", now, "ADMIN", BPRNUM=user.representative, BPRNAM=[user.representative_name, ""], REPFLG=2)
        self.row("AUTILIS", now, "ADMIN", USR="ADMIN", NOMUSR="Administrator", ENAFLG=2, LAN="ENG")
        for settings in self.world.settings:
            self.row(
                "SYNCPAR",
                now,
                "ADMIN",
                SYPUSR=settings.user,
                **{flag: 2 if on else 1 for flag, on in settings.flags.items()},
            )

    def partners(self) -> None:
        for customer in self.world.customers:
            reps = [*customer.representatives, "", ""][:2]
            self.row(
                "BPARTNER",
                self.world.now,
                "ADMIN",
                BPRNUM=customer.number,
                BPRNAM=[customer.name, ""],
                CRY=customer.address.country,
                LAN=customer.language,
                CUR="EUR",
                BPCFLG=2,
            )
            self.row(
                "BPCUSTOMER", self.world.now, "ADMIN", BPCNUM=customer.number, BPCNAM=customer.name, BPCSTA=2, REP=reps
            )

    def person(self, person: Person) -> None:
        where = person.address
        self.row(
            "CONTACTCRM",
            self.world.now,
            "ADMIN",
            CNTNUM=person.number,
            CNTTTL=person.title,
            CNTLNA=person.surname,
            CNTFNA=person.given,
            CNTFULNAM=f"{person.given} {person.surname}",
            CNTTYP=2 if person.lead else 1,
            CNTEMA=person.email,
            CNTETS=person.phone,
            CNTMOB=person.mobile,
            ADD=_lines(where.street),
            ZIP=where.zip,
            CTY=where.city.upper(),
            SAT=where.state,
            CRY=where.country,
            CRYNAM=COUNTRIES.get(where.country, ""),
        )
        if person.customer:
            self.row(
                "CONTACT",
                self.world.now,
                "ADMIN",
                BPATYP=1,
                BPANUM=person.customer,
                CCNCRM=person.number,
                CNTFNC=2,
                TEL=person.phone,
                MOB=person.mobile,
                WEB=person.email,
            )

    @staticmethod
    def address(prefix: str, where: Address) -> Row:
        return {
            f"{prefix}ADD": _lines(where.street),
            f"{prefix}ZIP": where.zip,
            f"{prefix}CTY": where.city.upper(),
            f"{prefix}SAT": where.state,
            f"{prefix}CRY": where.country,
        }

    def contact(self, card: OutlookContactRecord) -> None:
        by = next((self.user_of[rep] for rep in card.representatives if rep in self.user_of), "ADMIN")
        self.row(
            "CORRESPOND",
            card.modified,
            by,
            CORNUM=card.number,
            LNA=card.surname,
            FNA=card.given,
            TTL=card.title,
            BPRNUM=card.customer,
            BPRLIB=card.company[:35],
            CNTNUM=card.person,
            CORTYP=1,
            FNCLIB=card.job,
            SRV=card.department,
            LAN=card.language,
            BIR=_day(card.birthday),
            CPYBPADES=card.company[:35],
            CPYBPANUM=card.customer,
            CPYBPATYP=1 if card.customer else 0,
            CPYTEL=card.phone,
            CPYFAX=card.fax,
            CPYMOB=card.mobile,
            CPYEML=card.email,
            HOMTEL=card.home_phone,
            HOMEML=card.home_email,
            CPYCRYNAM=COUNTRIES.get(card.work.country, ""),
            HOMCRYNAM=COUNTRIES.get(card.home.country, ""),
            **self.address("CPY", card.work),
            **self.address("HOM", card.home),
        )
        for rep in card.representatives:
            self.row("CORREP", card.modified, by, COPREP=rep, COPNUM=card.number)

    def task(self, task: Task) -> None:
        self.row(
            "TASK",
            task.modified,
            self.user_of.get(task.representative, "ADMIN"),
            TSKNUM=task.number,
            SALFCY="PAR01",
            TSKCMP=task.customer,
            TSKCCN=task.person,
            TSKCOR=task.contact,
            TSKREP=task.representative,
            TSKSTR=_day(task.start),
            TSKDAT=_day(task.due),
            TSKDON=2 if task.done else 1,
            TSKDES=task.subject[:80],
            TSKRPO=task.report[:250],
            FULOBJ=task.subject,
            FULRPO=task.report,
            TSKPIOLEV=task.priority,
            TSKTYP=task.category,
            TSKORI=1,
            TSKORITYP=1,
        )

    def call(self, call: Call) -> None:
        self.row(
            "PHONECALL",
            call.modified,
            self.user_of.get(call.representative, "ADMIN"),
            CLLNUM=call.number,
            SALFCY="PAR01",
            CLLCMP=call.customer,
            CLLCCN=call.person,
            CLLCOR=call.contact,
            CLLREP=call.representative,
            CLLTYP=2 if call.outgoing else 1,
            CLLDAT=_day(call.day),
            CLLHOU=call.hour,
            CLLDUR=call.minutes,
            CLLDATX=_day(call.day) + call.hour,
            CLLWEE=call.day.isocalendar().week,
            CLLDON=2 if call.done else 1,
            CLLOBJ=call.subject[:80],
            CLLRPO=call.report[:250],
            FULOBJ=call.subject,
            FULRPO=call.report,
            CLLETS=call.phone[:20],
            CLLORI=1,
            CLLORITYP=1,
        )

    def appointment(self, meeting: Appointment) -> None:
        minutes = int((meeting.end - meeting.start).total_seconds()) // 60
        self.row(
            "BAPPOINT",
            meeting.modified,
            self.user_of.get(meeting.organiser, "ADMIN"),
            APTNUM=meeting.number,
            SALFCY="PAR01",
            APTCMP=meeting.customer,
            APTCCNNUM=[*meeting.persons, *[""] * 10][:10],
            APTCOR=[*meeting.contacts, *[""] * 10][:10],
            APTREPNUM=[*meeting.representatives, *[""] * 10][:10],
            ATPREPMNA=meeting.organiser,
            APTDAT=_day(meeting.start.date()),
            APTHOU="0000" if meeting.all_day else f"{meeting.start:%H%M}",
            APTDATEND=_day(meeting.end.date()),
            APTHOUEND="2359" if meeting.all_day else f"{meeting.end:%H%M}",
            APTDUR="" if meeting.all_day else f"{minutes // 60:02d}{minutes % 60:02d}",
            FULDAY=2 if meeting.all_day else 1,
            APTDON=2 if meeting.done else 1,
            APTOBJ=meeting.subject[:80],
            APTRPO=meeting.report[:250],
            FULOBJ=meeting.subject,
            FULRPO=meeting.report,
            APTTYP=meeting.category,
            APTPLC=meeting.place,
            ATPADDCMT=meeting.place_text,
            APTWEE=meeting.start.isocalendar().week,
            APTDATX=f"{meeting.start:%Y%m%d%H%M}",
            APTORI=1,
            APTORITYP=1,
            **self.address("APT", meeting.address),
        )

    def counters(self) -> None:
        for counter, codes in {"ACT": ("TSK", "CLL", "BAP"), "COR": ("COR",)}.items():
            used = [int(key[-8:]) for code in codes for key in self.store.tables[OBJECT_TABLE[code]] if key[-8:].isdigit()]
            self.row("AVALNUM", self.world.now, "ADMIN", CODNUM=counter, VALEUR=max(used, default=0))
