"""The object layer: save, read, modify, delete, query and deleteLines of the four publications.

The caller hands over the moment the transaction began; everything here happens at commit, in one step.
"""

import fnmatch
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.emulators.x3.controls import Refusal, check, check_unused, convert
from infra.emulators.x3.layout import LINES, LINES_BLOCK, Group, Publication
from infra.emulators.x3.messages import text
from infra.emulators.x3.payload import TECH, Block, Payload, PayloadError
from infra.emulators.x3.store import Store
from infra.emulators.x3.tables import COUNTRIES, OBJECT_TABLE, TABLES, Field, Row

SERVICE_USER = "WSX3"  # the X3 user behind the pool
READ_ONLY = {
    "CREDATTIM",
    "CREUSR",
    "UPDDATTIM",
    "UPDUSR",
    "AUUID",
    "CREHOU",
    "BPRLIB",
    "CPYCRYNAM",
    "HOMCRYNAM",
    "APTDUR",
    "TSKDEL",
    "REPNAM",
}
UPPER = {"CPYCTY", "HOMCTY", "APTCTY"}  # this folder keeps cities in capitals
CARDS = {
    "TSK": ("TSKCOR", "TSKCCN", "TSKCMP"),
    "CLL": ("CLLCOR", "CLLCCN", "CLLCMP"),
    "BAP": ("APTCOR", "APTCCNNUM", "APTCMP"),
}
TECH_GROUP = Group(TECH, {"WW_MODSTAMP": Field("WW_MODSTAMP", "A", 14), "WW_MODUSER": Field("WW_MODUSER", "A", 5)})


@dataclass(slots=True)
class Answer:
    blocks: list[Block] | None = None
    rows: list[Row] | None = None  # of a query
    warnings: list[str] = field(default_factory=list)


class Objects:
    def __init__(self, store: Store, switches: dict[str, Any]) -> None:
        self.store = store
        self.switches = switches

    # -- reading ------------------------------------------------------------------------------------------------------

    def groups(self, publication: Publication) -> tuple[Group, ...]:
        """The publication's groups as this folder has them now (ZSYNCID may be missing)."""
        if self.switches["zsyncid"]:
            return publication.groups
        return tuple(
            Group(g.id, {name: known for name, known in g.fields.items() if name != "ZSYNCID"}, g.dim)
            for g in publication.groups
        )

    def find(self, publication: Publication, keys: dict[str, str]) -> tuple[str, Row]:
        for name in keys:
            if name != publication.key:
                raise PayloadError(f"Key [{name}] not found into X3 description.")
        key = keys.get(publication.key, "").strip().upper()
        row = self.store.get(publication.table, key)
        if row is None:
            raise Refusal("unknown_key", publication.key, value=key)
        return key, row

    def show(self, publication: Publication, key: str) -> list[Block]:
        row = self.store.tables[publication.table][key]
        blocks = []
        for group in self.groups(publication):
            if group.id == LINES:
                reps = self.store.tables["SALESREP"]
                lines: list[Row] = [
                    {"COPREP": rep, "REPNAM": reps[rep]["REPNAM"] if rep in reps else ""}
                    for rep in self.store.lines.get(key, ())
                ]
                blocks.append(Block(group, lines))
            else:
                blocks.append(Block(group, [row]))
        written = datetime.strptime(row["UPDDATTIM"] + "+0000", "%Y%m%d%H%M%S%z")
        shown = written if self.switches["modstamp_utc"] else written.astimezone(self.store.zone)
        blocks.append(Block(TECH_GROUP, [{"WW_MODSTAMP": f"{shown:%Y%m%d%H%M%S}", "WW_MODUSER": row["UPDUSR"]}]))
        return blocks

    def read(self, publication: Publication, keys: dict[str, str]) -> Answer:
        key, _ = self.find(publication, keys)
        return Answer(blocks=self.show(publication, key))

    def query(self, publication: Publication, keys: dict[str, str], size: int) -> Answer:
        """The left list: filters by its columns, `*` any text; no offset exists, only a size."""
        for name in keys:
            if name not in publication.left_list:
                raise PayloadError(f"Key [{name}] not found into X3 description.")
        rows, wanted = [], {name: re.compile(fnmatch.translate(value.upper())) for name, value in keys.items() if value}
        for _, row in sorted(self.store.tables[publication.table].items()):
            if all(pattern.match(str(row[name]).upper()) for name, pattern in wanted.items()):
                rows.append({name: row[name] for name in publication.left_list})
                if len(rows) >= (size or 100):
                    break
        return Answer(rows=rows)

    # -- writing ------------------------------------------------------------------------------------------------------

    def save(self, publication: Publication, payload: Payload, moment: datetime, lang: str) -> Answer:
        row = TABLES[publication.table].blank()
        row = {name: list(value) if isinstance(value, list) else value for name, value in row.items()}
        sent = payload.fields.get(publication.key, "")
        key = sent.strip().upper() if isinstance(sent, str) else ""
        if key and self.store.get(publication.table, key) is not None:
            raise Refusal("exists", publication.key, value=key)
        self._defaults(publication.code, row, moment)
        touched = self._apply(publication, row, payload)
        self._derive(publication, row, touched, None)
        check(self.store, publication, key, row, touched, bool(self.switches["overlap_control"]))
        reps = self._new_lines([], payload)
        key = key or self.store.number(publication.counter, moment)
        row[publication.key] = key
        self.store.sign(row, moment, SERVICE_USER, True)
        self.store.put(publication.table, row)
        for rep in reps:
            self._assign(key, rep, moment)
        self.store.queue(publication.code, key, "C", self.store.reps(publication.code, row), moment)
        self._mark_customer(publication.code, row)
        return Answer(blocks=self.show(publication, key), warnings=self._warnings(publication.code, row, moment, lang))

    def modify(self, publication: Publication, keys: dict[str, str], payload: Payload, moment: datetime) -> Answer:
        key, old = self.find(publication, keys)
        row = {name: list(value) if isinstance(value, list) else value for name, value in old.items()}
        for name in (publication.key, *self.switches["kept_fields"]):  # the key in objectKeys decides
            payload.fields.pop(name, None)
        before = self.store.reps(publication.code, old)
        touched = self._apply(publication, row, payload)
        self._derive(publication, row, touched, old)
        check(self.store, publication, key, row, touched, bool(self.switches["overlap_control"]))
        reps = self._new_lines(before, payload)
        if touched or not payload.lines:
            self.store.sign(row, moment, SERVICE_USER, False)
            self.store.put(publication.table, row)
        if publication.code == "COR" and payload.lines:
            for rep in before:
                if rep not in reps:
                    self.store.remove("CORREP", f"{rep}~{key}")
            for rep in reps:
                if rep not in before:
                    self._assign(key, rep, moment)
        after = self.store.reps(publication.code, row)
        self.store.queue(publication.code, key, "M", [rep for rep in after if rep in before], moment)
        self.store.queue(publication.code, key, "C", [rep for rep in after if rep not in before], moment)
        self.store.queue(publication.code, key, "P", [rep for rep in before if rep not in after], moment)
        self._mark_customer(publication.code, row)
        return Answer(blocks=self.show(publication, key))

    def delete(self, publication: Publication, keys: dict[str, str], moment: datetime) -> Answer:
        key, row = self.find(publication, keys)
        if publication.code == "COR":
            check_unused(self.store, key)
        reps = self.store.reps(publication.code, row)
        self.store.remove(publication.table, key)
        if publication.code == "COR":
            for rep in reps:
                self.store.remove("CORREP", f"{rep}~{key}")
        self.store.queue(publication.code, key, "A", reps, moment)
        return Answer()

    def delete_lines(
        self, publication: Publication, keys: dict[str, str], block: str, numbers: list[str], moment: datetime
    ) -> Answer:
        key, _ = self.find(publication, keys)
        if publication.code != "COR" or block != LINES_BLOCK:
            raise PayloadError(f"Block [{block}] not found into X3 description.")
        lines = list(self.store.lines.get(key, ()))
        gone = []
        for number in numbers:
            if not number.strip().isdigit() or not 1 <= int(number) <= len(lines):
                raise Refusal("line", "COPREP", value=number, block=block)
            gone.append(lines[int(number) - 1])
        for rep in dict.fromkeys(gone):
            self.store.remove("CORREP", f"{rep}~{key}")
        self.store.queue("COR", key, "P", gone, moment)
        return Answer(blocks=self.show(publication, key))

    # -- what the screens do by themselves ----------------------------------------------------------------------------

    def _apply(self, publication: Publication, row: Row, payload: Payload) -> set[str]:
        touched = set()
        for name, sent in payload.fields.items():
            known = publication.field(name)
            if known is None or name in READ_ONLY:
                continue
            bmp_only = bool(self.switches["bmp_only"])
            if isinstance(sent, dict):
                if self.switches["lst_clears_rest"]:
                    row[name] = [""] * known.dim
                for position, value in sent.items():
                    row[name][position - 1] = convert(known, value, bmp_only)
            else:
                row[name] = convert(known, sent, bmp_only)
            if name in UPPER:
                row[name] = row[name].upper()
            touched.add(name)
        return touched

    def _defaults(self, code: str, row: Row, moment: datetime) -> None:
        local = moment.astimezone(self.store.zone)
        if code == "COR":
            row.update(CORTYP=1)
            return
        prefix = {"TSK": "TSK", "CLL": "CLL", "BAP": "APT"}[code]
        row.update({f"{prefix}ORI": 1, f"{prefix}ORITYP": 1})
        if "CREHOU" in row:
            row["CREHOU"] = f"{local:%H%M}"
        if code == "BAP":
            row.update(APTTYP="1", APTPLC=1)

    def _derive(self, publication: Publication, row: Row, touched: set[str], old: Row | None) -> None:
        for long, short in (("FULOBJ", publication.subject), ("FULRPO", publication.report)):
            if long in touched:
                row[short] = row[long][: TABLES[publication.table].fields[short].length]
            elif short in touched:
                row[long] = row[short]
        if publication.code in CARDS:
            self._recover(*CARDS[publication.code], row, touched)
            rep = self.store.get("SALESREP", row["ATPREPMNA" if publication.code == "BAP" else f"{publication.code}REP"])
            if not row["SALFCY"] and rep is not None:
                row["SALFCY"] = rep["FCY"]
        match publication.code:
            case "CLL":
                row["CLLDATX"] = row["CLLDAT"] + row["CLLHOU"]
            case "BAP":
                self._times(row, old)
            case "COR":
                self._names(row, old)

    def _recover(self, card_field: str, person_field: str, company_field: str, row: Row, touched: set[str]) -> None:
        """A contact brings its CRM contact and, where none is set, its partner."""
        if card_field not in touched:
            return
        cards = row[card_field] if isinstance(row[card_field], list) else [row[card_field]]
        found = [self.store.get("CORRESPOND", card) if card else None for card in cards]
        persons = [card["CNTNUM"] if card else "" for card in found]
        if isinstance(row[person_field], list):
            for n, (card, person) in enumerate(zip(cards, persons, strict=True)):
                if card or person_field not in touched:
                    row[person_field][n] = person
        elif cards[0] or person_field not in touched:
            row[person_field] = persons[0]
        company = next((card["BPRNUM"] for card in found if card and card["BPRNUM"]), "")
        if not row[company_field]:
            row[company_field] = company

    @staticmethod
    def _times(row: Row, old: Row | None) -> None:
        if row["FULDAY"] == 2:
            row.update(APTHOU="0000", APTHOUEND="2359", APTDATEND=row["APTDATEND"] or row["APTDAT"], APTDUR="")
        elif row["APTDAT"] and row["APTHOU"]:
            start = datetime.strptime(row["APTDAT"] + row["APTHOU"], "%Y%m%d%H%M")  # noqa: DTZ007  # wall times
            if row["APTDATEND"] and not row["APTHOUEND"]:
                row["APTHOUEND"] = row["APTHOU"]
            elif row["APTHOUEND"] and not row["APTDATEND"]:
                row["APTDATEND"] = row["APTDAT"]
            elif not row["APTHOUEND"] and old is None:  # neither: one hour, as a new screen proposes
                end = start + timedelta(hours=1)
                row.update(APTDATEND=f"{end:%Y%m%d}", APTHOUEND=f"{end:%H%M}")
            if row["APTDATEND"] and row["APTHOUEND"]:
                end = datetime.strptime(row["APTDATEND"] + row["APTHOUEND"], "%Y%m%d%H%M")  # noqa: DTZ007
                minutes = max(0, int((end - start).total_seconds()) // 60)
                row["APTDUR"] = f"{minutes // 60:02d}{minutes % 60:02d}" if minutes < 6000 else "9959"
        if row["APTDAT"]:
            row["APTWEE"] = datetime.strptime(row["APTDAT"], "%Y%m%d").isocalendar().week  # noqa: DTZ007
            row["APTDATX"] = row["APTDAT"] + row["APTHOU"]

    def _names(self, row: Row, old: Row | None) -> None:
        partner = self.store.get("BPARTNER", row["BPRNUM"])
        row["BPRLIB"] = partner["BPRNAM"][0] if partner else ""
        if partner and not row["CPYBPADES"]:
            row["CPYBPADES"] = row["BPRLIB"]
        if row["BPRNUM"] and (old is None or old["BPRNUM"] != row["BPRNUM"]):
            row.update(CPYBPANUM=row["BPRNUM"], CPYBPATYP=1)
        for prefix in ("CPY", "HOM"):
            row[f"{prefix}CRYNAM"] = COUNTRIES.get(row[f"{prefix}CRY"], "")

    def _new_lines(self, before: list[str], payload: Payload) -> list[str]:
        """The representatives after the lines sent. Raises Refusal."""
        lines = list(before)
        for line in payload.lines.get(LINES, ()):
            rep = line.fields.get("COPREP", "").strip().upper()
            in_use = line.num is not None and 1 <= line.num <= len(before)
            if not rep or (in_use and line.num is not None and before[line.num - 1] == rep):
                continue
            if self.store.get("SALESREP", rep) is None:
                raise Refusal("rep", "COPREP", value=rep)
            if rep in lines:
                raise Refusal("exists", "COPREP", value=rep)
            if in_use and line.num is not None:
                lines[line.num - 1] = rep
            else:
                lines.append(rep)
        return lines

    def _assign(self, key: str, rep: str, moment: datetime) -> None:
        line = TABLES["CORREP"].blank() | {"COPREP": rep, "COPNUM": key}
        self.store.sign(line, moment, SERVICE_USER, True)
        self.store.put("CORREP", line)

    def _mark_customer(self, code: str, row: Row) -> None:
        """The customer's last and next contact, which only the object layer keeps."""
        if code == "COR":
            return
        day, company, done = {
            "TSK": ("TSKDAT", "TSKCMP", "TSKDON"),
            "CLL": ("CLLDAT", "CLLCMP", "CLLDON"),
            "BAP": ("APTDAT", "APTCMP", "APTDON"),
        }[code]
        customer = self.store.get("BPCUSTOMER", row[company])
        if customer is not None:
            customer["CNTLASDAT" if row[done] == 2 else "CNTNEXDAT"] = row[day]

    def _warnings(self, code: str, row: Row, moment: datetime, lang: str) -> list[str]:
        today = f"{moment.astimezone(self.store.zone):%Y%m%d}"
        return [text("past", lang)] if code == "TSK" and row["TSKDAT"] < today and row["TSKDON"] != 2 else []


def exhume(store: Store, code: str, key: str, moment: datetime, user: str) -> Row:
    """A record created anew under a number that was deleted, as a restored folder does: same key, another AUUID."""
    buried = dict(store.buried[OBJECT_TABLE[code], key])
    reps = buried.pop("_reps")
    store.sign(buried, moment, user, True)
    store.put(OBJECT_TABLE[code], buried)
    for rep in reps:
        line = TABLES["CORREP"].blank() | {"COPREP": rep, "COPNUM": key}
        store.sign(line, moment, user, True)
        store.put("CORREP", line)
    return buried
