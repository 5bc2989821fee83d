"""The folder's rows, kept with the indexes the sub-programs and the controls need; nothing here knows SOAP."""

import unicodedata
import uuid
from bisect import bisect_left, insort
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from infra.emulators.x3.tables import OBJECT_TABLE, TABLES, Row

Entry = tuple[str, str, str]  # stamp, object code, key
TABLE_OBJECT = {table: code for code, table in OBJECT_TABLE.items()}


def stamp(moment: datetime) -> str:
    """X3's stamp of an instant: UTC, whole seconds, 14 digits."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def fold(text: str) -> str:
    """Text without regard to case and accents."""
    plain = unicodedata.normalize("NFKD", text.strip())
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


class Store:
    """One X3 folder. Every change goes through `put` and `remove`, which keep the indexes."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self.changes = 0  # counts writes, for whoever saves the state
        self.buried: dict[tuple[str, str], Row] = {}  # what was deleted, for the tests' restore_key
        self._clear_indexes()

    def _clear_indexes(self) -> None:
        self.order: list[Entry] = []
        self.by_rep: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.lines: dict[str, list[str]] = {}  # contact -> its representatives, in key order
        self.by_syncid: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.by_email: dict[str, set[str]] = defaultdict(set)
        self.by_name: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.entries: dict[tuple[str, str], tuple[str, tuple[str, ...], str, tuple[str, ...], tuple[str, str]]] = {}
        self._users: dict[str, tuple[str, ...]] | None = None

    def state(self) -> dict[str, Any]:
        """What is pickled."""
        return {"zone": self.zone.key, "tables": self.tables, "buried": self.buried}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> "Store":
        store = cls(state["zone"])
        store.buried = state["buried"]
        for name, rows in state["tables"].items():
            store.tables[name] = rows
        for row in store.tables["CORREP"].values():
            insort(store.lines.setdefault(row["COPNUM"], []), row["COPREP"])
        for code, table in OBJECT_TABLE.items():
            for key in store.tables[table]:
                store.touch(code, key)
        return store

    # -- rows ---------------------------------------------------------------------------------------------------------

    def get(self, table: str, key: str) -> Row | None:
        return self.tables[table].get(key)

    def put(self, table: str, row: Row) -> None:
        key = "~".join(str(row[name]) for name in TABLES[table].key)
        self.tables[table][key] = row
        self.changes += 1
        if table == "CORREP":
            lines = self.lines.setdefault(row["COPNUM"], [])
            if row["COPREP"] not in lines:
                insort(lines, row["COPREP"])
            self.touch("COR", row["COPNUM"])
        elif table in TABLE_OBJECT:
            self.touch(TABLE_OBJECT[table], key)
        elif table in ("AUTILIS", "SALESREP"):
            self._users = None

    def remove(self, table: str, key: str) -> Row:
        row = self.tables[table].pop(key)
        self.changes += 1
        if table == "CORREP":
            self.lines[row["COPNUM"]].remove(row["COPREP"])
            self.touch("COR", row["COPNUM"])
        elif table in TABLE_OBJECT:
            self.buried[table, key] = row | {"_reps": list(self.lines.get(key, ()))}
            self.touch(TABLE_OBJECT[table], key)
        return row

    def touch(self, code: str, key: str) -> None:
        """Bring the indexes in line with a record that changed, came or went."""
        old = self.entries.pop((code, key), None)
        if old is not None:
            self._unindex(code, key, old)
        row = self.tables[OBJECT_TABLE[code]].get(key)
        if row is None:
            return
        reps = tuple(dict.fromkeys(self.reps(code, row)))
        mails: tuple[str, ...] = ()
        name = ("", "")
        if code == "COR":
            mails = tuple({fold(row[f]) for f in ("CPYEML", "HOMEML") if row[f]})
            name = (fold(row["LNA"]), fold(row["FNA"]))
        entry = (self.stamp_of(code, row), reps, row["ZSYNCID"], mails, name)
        self.entries[code, key] = entry
        insort(self.order, (entry[0], code, key))
        for rep in reps:
            self.by_rep[rep].add((code, key))
        if row["ZSYNCID"]:
            self.by_syncid[code, row["ZSYNCID"]].add(key)
        for mail in mails:
            self.by_email[mail].add(key)
        if code == "COR":
            self.by_name[name].add(key)

    def _unindex(
        self, code: str, key: str, old: tuple[str, tuple[str, ...], str, tuple[str, ...], tuple[str, str]]
    ) -> None:
        place = bisect_left(self.order, (old[0], code, key))
        del self.order[place]
        for rep in old[1]:
            self.by_rep[rep].discard((code, key))
        if old[2]:
            self.by_syncid[code, old[2]].discard(key)
        for mail in old[3]:
            self.by_email[mail].discard(key)
        if code == "COR":
            self.by_name[old[4]].discard(key)

    # -- what a record says -------------------------------------------------------------------------------------------

    def reps(self, code: str, row: Row) -> list[str]:
        """Who has the record, as REPS lists them."""
        if code == "TSK":
            found = [row["TSKREP"]]
        elif code == "CLL":
            found = [row["CLLREP"]]
        elif code == "BAP":
            found = list(dict.fromkeys([row["ATPREPMNA"], *row["APTREPNUM"]]))
        else:
            found = list(self.lines.get(row["CORNUM"], ()))
        return [rep for rep in found if rep]

    def stamp_of(self, code: str, row: Row) -> str:
        own = str(row["UPDDATTIM"])
        if code != "COR":
            return own
        rows = self.tables["CORREP"]
        return max([own, *(str(rows[f"{rep}~{row['CORNUM']}"]["UPDDATTIM"]) for rep in self.lines.get(row["CORNUM"], ()))])

    def users_of(self, rep: str) -> tuple[str, ...]:
        """The X3 users who are this representative: by their parameter, else by SALESREP."""
        if self._users is None:
            found: dict[str, tuple[str, ...]] = {}
            for user in self.tables["AUTILIS"].values():
                mine = (
                    [user["AUSCRMF"]]
                    if user["AUSCRMF"]
                    else [r["REPNUM"] for r in self.tables["SALESREP"].values() if r["AUSNUM"] == user["USR"]]
                )
                for one in mine:
                    found[one] = (*found.get(one, ()), user["USR"])
            self._users = found
        return self._users.get(rep, ())

    # -- counters, audit, queue ---------------------------------------------------------------------------------------

    def number(self, counter: str, moment: datetime) -> str:
        """The next free number of a sequence; a number is never given twice, also after a deletion."""
        row = self.tables["AVALNUM"].setdefault(counter, TABLES["AVALNUM"].blank() | {"CODNUM": counter, "VALEUR": 0})
        row["VALEUR"] += 1
        if counter == "ACT":
            return f"ACT{moment.astimezone(self.zone):%y%m}{row['VALEUR']:08d}"
        return f"{counter}{row['VALEUR']:012d}"

    def sign(self, row: Row, moment: datetime, user: str, new: bool) -> None:
        """Fill the audit columns as the object layer does; `moment` is the beginning of the transaction."""
        day = f"{moment.astimezone(self.zone):%Y%m%d}"
        if new:
            row.update(CREDAT=day, CREDATTIM=stamp(moment), CREUSR=user, AUUID=uuid.uuid4().hex, UPDTICK=0)
        row.update(UPDDAT=day, UPDDATTIM=stamp(moment), UPDUSR=user, UPDTICK=row["UPDTICK"] + 1)

    def parameter(self, name: str) -> bool:
        row = self.tables["ADOVAL"].get(name)
        return row is not None and row["VALEUR"] == "2"

    def queue(self, code: str, key: str, action: str, reps: list[str], moment: datetime) -> None:
        """Feed SYNCDATA for the users of these representatives, where the synchronisation is on for them."""
        verb = {"C": "CRE", "M": "UPD"}.get(action, "DLT")
        switch = f"{code}OTK{verb}"
        if not (self.parameter("CRMSYNC") and self.parameter(f"CRMSYNC{code}")):
            return
        for rep in reps:
            for user in self.users_of(rep):
                settings = self.tables["SYNCPAR"].get(user)
                if settings is not None and settings[switch] == 2:
                    self.queue_row(code, key, action, user, moment)

    def queue_row(self, code: str, key: str, action: str, user: str, moment: datetime) -> int:
        counter = self.tables["AVALNUM"].setdefault("SYD", TABLES["AVALNUM"].blank() | {"CODNUM": "SYD", "VALEUR": 0})
        counter["VALEUR"] += 1
        local = moment.astimezone(self.zone)
        row = TABLES["SYNCDATA"].blank() | {
            "SYDNUM": counter["VALEUR"],
            "SYDUSR": user,
            "SYDTYP": code,
            "SYDKEY": key,
            "SYDATTTYP": action,
            "SYDDAT": f"{local:%Y%m%d}",
            "SYDHOU": f"{local:%H%M%S}",
        }
        self.put("SYNCDATA", row)
        return int(counter["VALEUR"])
