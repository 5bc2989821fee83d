"""The four sub-programs of infra/x3/CONTRACT.md, over the same rows."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime

from infra.emulators.x3.layout import PROGRAMS, Group
from infra.emulators.x3.objects import CARDS
from infra.emulators.x3.payload import Block, Payload
from infra.emulators.x3.store import Entry, Store, fold, stamp
from infra.emulators.x3.tables import OBJECT_TABLE, TABLES, Row

END = "\U0010ffff"


def run(name: str, store: Store, payload: Payload, now: datetime) -> list[Block]:
    """The answer of a sub-program's output groups. `now` is X3's clock at the start of the call."""
    return _RUN[name](store, payload, now)


def parameters(name: str, mode: str) -> tuple[Group, ...]:
    return tuple(group for group in PROGRAMS[name] if group.mode == mode)


def _blocks(name: str, *contents: Row | list[Row]) -> list[Block]:
    groups = parameters(name, "Var")
    return [
        Block(group, content if isinstance(content, list) else [content])
        for group, content in zip(groups, contents, strict=True)
    ]


def _text(payload: Payload, name: str) -> str:
    value = payload.fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _number(payload: Payload, name: str, default: int) -> int:
    value = _text(payload, name)
    return int(value) if value.isdigit() else default


def _rows(payload: Payload) -> int:
    return min(max(_number(payload, "MAXROW", 500) or 500, 1), 1000)


def _column(payload: Payload, group: str, name: str) -> list[str]:
    return [line.fields.get(name, "").strip() for line in payload.lines.get(group, ()) if line.fields.get(name, "").strip()]


def _flag(value: bool) -> int:
    return 2 if value else 1


# -- ZGSYNCHG ---------------------------------------------------------------------------------------------------------


def _changed(store: Store, reps: set[str], since: Entry, exclusive: bool, limit: int) -> list[Entry]:
    """The first `limit` entries from `since` on that one of these representatives has, in order."""
    mine = {one for rep in reps for one in store.by_rep.get(rep, ())}
    start = bisect_left(store.order, since)
    if len(mine) * 4 < len(store.order) - start:
        entries = sorted(entry for entry in ((store.entries[one][0], *one) for one in mine) if entry >= since)
    else:
        entries, n = [], start
        while n < len(store.order) and len(entries) <= limit:
            if store.order[n][1:] in mine:
                entries.append(store.order[n])
            n += 1
    if exclusive and entries and entries[0] == since:
        entries = entries[1:]
    return entries[:limit]


def _changes(store: Store, payload: Payload, now: datetime) -> list[Block]:
    limit = _rows(payload)
    reps = set(map(str.upper, _column(payload, "GRP2", "REP")))
    users = set(map(str.upper, _column(payload, "GRP2", "USR")))
    typ, key = _text(payload, "AFTTYP"), _text(payload, "AFTKEY")
    entries = _changed(store, reps, (_text(payload, "SINCE"), typ, key), bool(typ or key), limit + 1)
    rows = []
    for when, code, number in entries[:limit]:
        row = store.tables[OBJECT_TABLE[code]][number]
        rows.append(
            {"TYP": code, "KEY": number, "STAMP": when, "AUUID": row["AUUID"], "REPS": " ".join(store.reps(code, row))}
        )
    after = _number(payload, "AFTSYD", 0)
    queue: list[Row] = []
    for number, row in sorted(store.tables["SYNCDATA"].items(), key=lambda item: int(item[0])):
        if int(number) > after and row["SYDUSR"] in users:
            queue.append(row)
            if len(queue) > limit:
                break
    head: Row = {"NOW": stamp(now), "MORE": _flag(len(entries) > limit), "MORESYD": _flag(len(queue) > limit)}
    return _blocks("ZGSYNCHG", head, rows, queue[:limit])


# -- ZGSYNACK ---------------------------------------------------------------------------------------------------------


def _acknowledge(store: Store, payload: Payload, now: datetime) -> list[Block]:
    removed = 0
    for number in _column(payload, "GRP1", "SYDNUM"):
        if number.isdigit() and store.get("SYNCDATA", str(int(number))) is not None:
            store.remove("SYNCDATA", str(int(number)))
            removed += 1
    return _blocks("ZGSYNACK", {"ACKED": removed})


# -- ZGSYNUSR ---------------------------------------------------------------------------------------------------------


def _users(store: Store, payload: Payload, now: datetime) -> list[Block]:
    one = _text(payload, "USR").upper()
    head: Row = {"NOW": stamp(now)} | {
        name: _flag(store.parameter(name)) for name in ("CRMSYNC", "CRMSYNCTSK", "CRMSYNCCLL", "CRMSYNCBAP", "CRMSYNCCOR")
    }
    users = [
        {
            name: row["NOMUSR" if name == "NAM" else name]
            for name in ("USR", "NAM", "ENAFLG", "AUSCRMA", "AUSCRMF", "CRMAPTTYP")
        }
        for key, row in sorted(store.tables["AUTILIS"].items())
        if not one or key == one
    ]
    reps = [row for _, row in sorted(store.tables["SALESREP"].items())]
    settings = [row for key, row in sorted(store.tables["SYNCPAR"].items()) if not one or key == one]
    return _blocks("ZGSYNUSR", head, users, reps, settings)


# -- ZGSYNKEY ---------------------------------------------------------------------------------------------------------


def _present(store: Store, code: str, key: str, asked: str, table: str = "") -> Row:
    row = store.get(OBJECT_TABLE[code], key) if code in OBJECT_TABLE else None
    if row is None:
        return {"ASKED": asked, "TYP": code, "KEY": key, "STATE": "gone"}
    return {
        "ASKED": asked,
        "TYP": code,
        "KEY": key,
        "STATE": "present",
        "STAMP": store.stamp_of(code, row),
        "AUUID": row["AUUID"],
        "REPS": " ".join(store.reps(code, row)),
        "SYNCID": row["ZSYNCID"],
        "NAM": f"{row['FNA']} {row['LNA']}".strip() if code == "COR" else "",
    }


def _within(code: str, row: Row, first: str, last: str) -> bool:
    if code == "TSK":
        start, end = row["TSKSTR"] or row["TSKDAT"], row["TSKDAT"]
        if row["TSKDON"] != 2:
            return True
    elif code == "CLL":
        start = end = row["CLLDAT"]
    elif code == "BAP":
        start, end = row["APTDAT"], row["APTDATEND"]
    else:
        return True
    return (not last or start <= last) and (not first or end >= first)


def _keys(store: Store, payload: Payload, now: datetime) -> list[Block]:
    mode, code = _text(payload, "MODE").upper(), _text(payload, "TYP").upper()
    asked = [line.fields for line in payload.lines.get("GRP2", ())][:500]
    rows: list[Row] = []
    people: list[Row] = []
    more = False
    if mode == "SCOPE":
        rows, people, more = _scope(store, payload, code)
    elif mode == "KEYS":
        rows = [_present(store, code, line.get("KEY", "").strip().upper(), line.get("KEY", "")) for line in asked]
    elif mode == "SYNCID":
        for line in asked:
            value = line.get("KEY", "").strip()
            found = store.by_syncid.get((code, value), set()) if value else set()
            rows += [_present(store, code, key, line.get("KEY", "")) for key in sorted(found)]
    elif mode == "REP":
        rows, more = _of_representative(store, payload, code)
    elif mode == "BPR":
        rows = [_partner(store, line.get("KEY", "")) for line in asked]
    elif mode == "FIND" and code == "COR":
        for line in asked:
            mail = line.get("KEY", "").strip()
            name = (fold(line.get("LNA", "")), fold(line.get("FNA", "")))
            found = (
                store.by_email.get(fold(mail), set()) if mail else store.by_name.get(name, set()) if any(name) else set()
            )
            rows += [
                _present(store, code, key, mail or f"{line.get('LNA', '')} {line.get('FNA', '')}".strip())
                for key in sorted(found)
            ]
    return _blocks("ZGSYNKEY", {"NOW": stamp(now), "MORE": _flag(more)}, rows, people)


def _scope(store: Store, payload: Payload, kind: str) -> tuple[list[Row], list[Row], bool]:
    """Contacts of a forced synchronisation, by CRM contact: their cards (COR), or the CRM contact that has none (AIN)."""
    first, last = _text(payload, "REP").upper(), _text(payload, "REPTO").upper() or END
    found: dict[str, str] = {}  # CRM contact, or card without one -> partner
    if kind == "TAB":
        for row in store.tables["CONTACT"].values():
            customer = store.get("BPCUSTOMER", row["BPANUM"]) if row["BPATYP"] == 1 else None
            if customer is not None and (not first or any(rep and first <= rep <= last for rep in customer["REP"])):
                found.setdefault(row["CCNCRM"], row["BPANUM"])
    elif kind == "ACT":
        for code, key in store.by_rep.get(first, ()):
            if code in CARDS:
                card_field, person_field, company_field = CARDS[code]
                row = store.tables[OBJECT_TABLE[code]][key]
                cards, persons = _values(row[card_field]), _values(row[person_field])
                named = [person or card for card, person in zip(cards, persons, strict=True)]
                found |= {one: found.get(one, "") or row[company_field] for one in named if one}
    elif kind == "LED":
        found = {number: "" for number, row in store.tables["CONTACTCRM"].items() if row["CNTTYP"] == 2}
    after, limit = _text(payload, "AFTKEY").upper(), _rows(payload)
    by_person: dict[str, list[str]] = {}
    for card, row in store.tables["CORRESPOND"].items():
        if row["CNTNUM"]:
            by_person.setdefault(row["CNTNUM"], []).append(card)
    rows: list[Row] = []
    people: list[Row] = []
    wanted = sorted(one for one in found if one > after)
    for one in wanted[:limit]:
        if store.get("CORRESPOND", one) is not None:
            rows.append(_present(store, "COR", one, one))
        elif one in by_person:
            rows += [_present(store, "COR", card, one) for card in sorted(by_person[one])]
        elif (person := store.get("CONTACTCRM", one)) is not None:
            rows.append({"ASKED": one, "TYP": "AIN", "KEY": one, "STATE": "present", "NAM": person["CNTFULNAM"]})
            people.append(
                {"CNTNUM": one, "BPRNUM": found[one], "LNA": person["CNTLNA"], "FNA": person["CNTFNA"]}
                | {"TTL": person["CNTTTL"], "EML": person["CNTEMA"], "TEL": person["CNTETS"]}
                | {"MOB": person["CNTMOB"], "FAX": person["CNTFAX"]}
            )
    return rows, people, len(wanted) > limit


def _values(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _of_representative(store: Store, payload: Payload, code: str) -> tuple[list[Row], bool]:
    after, limit, rep = _text(payload, "AFTKEY").upper(), _rows(payload), _text(payload, "REP").upper()
    first, last = _text(payload, "DATFRM"), _text(payload, "DATTO")
    table = store.tables.get(OBJECT_TABLE.get(code, ""), {})
    keys = sorted(
        key
        for one, key in store.by_rep.get(rep, ())
        if one == code and key > after and _within(code, table[key], first, last)
    )
    return [_present(store, code, key, rep) for key in keys[:limit]], len(keys) > limit


def _partner(store: Store, asked: str) -> Row:
    key = asked.strip().upper()
    row = store.get("BPARTNER", key)
    if row is None:
        return {"ASKED": asked, "TYP": "BPR", "KEY": key, "STATE": "gone"}
    return {
        "ASKED": asked,
        "TYP": "BPR",
        "KEY": key,
        "STATE": "present",
        "STAMP": row["UPDDATTIM"],
        "AUUID": row["AUUID"],
        "NAM": row["BPRNAM"][0],
    }


_RUN: dict[str, Callable[[Store, Payload, datetime], list[Block]]] = {
    "ZGSYNCHG": _changes,
    "ZGSYNACK": _acknowledge,
    "ZGSYNUSR": _users,
    "ZGSYNKEY": _keys,
}

assert set(_RUN) == set(PROGRAMS)
assert set(OBJECT_TABLE.values()) <= set(TABLES)
