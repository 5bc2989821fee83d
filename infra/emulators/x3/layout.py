"""The screens of the four published objects and the parameters of the four sub-programs: which field lies in which group.

Group ids of the real CRM screens are not public; these are this folder's own, uneven on purpose, so that a client has to
ask getDescription.
"""

from dataclasses import dataclass

from infra.emulators.x3.tables import OBJECT_TABLE, TABLES, Field


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    fields: dict[str, Field]
    dim: int = 1
    mode: str = ""  # of a sub-program's parameter: Val (by value) or Var (by variable)

    @property
    def table(self) -> bool:
        return self.dim > 1


@dataclass(frozen=True, slots=True)
class Publication:
    name: str
    code: str  # X3's object code
    table: str
    key: str
    counter: str
    subject: str  # the column that holds the beginning of FULOBJ, '' when the object has no long texts
    report: str
    groups: tuple[Group, ...]
    left_list: tuple[str, ...]

    def field(self, name: str) -> Field | None:
        return next((group.fields[name] for group in self.groups if name in group.fields), None)


LINES = "COP1_1"  # the contact's representatives
LINES_BLOCK = "COP1~NBREP"
_TECH = "CREDATTIM CREUSR UPDDATTIM UPDUSR AUUID"


def _groups(table: str, spec: dict[str, str]) -> tuple[Group, ...]:
    fields = TABLES[table].fields
    return tuple(Group(gid, {name: fields[name] for name in names.split()}) for gid, names in spec.items())


def _publication(
    name: str,
    code: str,
    counter: str,
    subject: str,
    report: str,
    left: str,
    spec: dict[str, str],
    extra: tuple[Group, ...] = (),
) -> Publication:
    table = OBJECT_TABLE[code]
    return Publication(
        name, code, table, TABLES[table].key[0], counter, subject, report, _groups(table, spec) + extra, tuple(left.split())
    )


PUBLICATIONS: dict[str, Publication] = {
    publication.name: publication
    for publication in (
        _publication(
            "ZTSK",
            "TSK",
            "ACT",
            "TSKDES",
            "TSKRPO",
            "TSKNUM TSKDAT TSKDES TSKREP TSKDON",
            {
                "TSK0_1": "TSKNUM SALFCY TSKREP",
                "TSK1_1": "TSKTYP TSKPIOLEV TSKSAO TSKSTR TSKDAT TSKDEL TSKDON HOUTIMSPG MNTTIMSPG",
                "TSK1_3": "TSKCMP TSKCCN TSKCOR TSKPJT",
                "TSK2_1": "FULOBJ TSKDES FULRPO TSKRPO",
                "TSK2_4": f"TSKORI TSKORITYP TSKORIADI TSKORIVCR TSKORIVCRL TSKCMGNUM ZSYNCID CREHOU {_TECH}",
            },
        ),
        _publication(
            "ZCLL",
            "CLL",
            "ACT",
            "CLLOBJ",
            "CLLRPO",
            "CLLNUM CLLDAT CLLHOU CLLOBJ CLLREP",
            {
                "CLL0_1": "CLLNUM SALFCY CLLREP CLLTYP",
                "CLL1_2": "CLLCMP CLLCCN CLLCOR CLLETS CLLMOB CLLEML CLLCCNCRY",
                "CLL1_1": "CLLDAT CLLHOU CLLDUR CLLDON CLLCAT CLLPIOLEV CLLSAO",
                "CLL1_5": "FULOBJ CLLOBJ FULRPO CLLRPO",
                "CLL3_1": f"CLLORI CLLORITYP CLLORIADI CLLOPP CLLCMGNUM ZSYNCID {_TECH}",
            },
        ),
        _publication(
            "ZBAP",
            "BAP",
            "ACT",
            "APTOBJ",
            "APTRPO",
            "APTNUM APTDAT APTHOU APTOBJ ATPREPMNA",
            {
                "APP0_1": "APTNUM SALFCY ATPREPMNA",
                "APP1_1": "APTTYP APTSAO APTDAT APTHOU APTDATEND APTHOUEND APTDUR FULDAY APTDON",
                "APP1_2": "APTCMP",
                "APP1_4": "APTCOR APTCCNNUM",
                "APP1_6": "APTREPNUM",
                "APP2_1": "APTPLC APTTYPADD APTCODADD APTADD APTZIP APTCTY APTSAT APTCRY ATPADDCMT APTTEL APTMOB APTEML",
                "APP3_2": "FULOBJ APTOBJ FULRPO APTRPO",
                "APP4_1": f"APTORI APTORITYP APTORIADI APTORIVCR APTORIVCRL APTPJT APTCMGNUM ZSYNCID CREHOU {_TECH}",
            },
        ),
        _publication(
            "ZCOR",
            "COR",
            "COR",
            "",
            "",
            "CORNUM LNA FNA CPYEML BPRNUM",
            {
                "COS0_1": "CORNUM CORTYP TTL LNA FNA BPRNUM BPRLIB CNTNUM",
                "COS1_1": "FNC FNCLIB MSS SRV CSP LAN BIR",
                "COS1_2": "CPYBPATYP CPYBPANUM CPYBPADES CPYADD CPYZIP CPYCTY CPYSAT CPYCRY CPYCRYNAM "
                "CPYTEL CPYFAX CPYMOB CPYEML",
                "COS2_1": "HOMADD HOMZIP HOMCTY HOMSAT HOMCRY HOMCRYNAM HOMTEL HOMFAX HOMMOB HOMEML",
                "COS3_1": f"UPDBPRNUM UPDCNTNUM ZSYNCID {_TECH}",
            },
            extra=(Group(LINES, {"COPREP": Field("COPREP", "U", 15), "REPNAM": Field("REPNAM", "A", 35)}, 50),),
        ),
    )
}


def _parameters(gid: str, mode: str, spec: str, dim: int = 1) -> Group:
    words = spec.split()
    fields = {}
    for name, notation in zip(words[::2], words[1::2], strict=True):
        fields[name] = Field(
            name, notation[0], int(notation[1:] or {"D": 8}.get(notation[0], 3)), 1, 1 if notation[0] == "M" else 0
        )
    return Group(gid, fields, dim, mode)


_FLAGS = " ".join(f"{name} M" for name in TABLES["SYNCPAR"].fields if name[3:6] in ("OTK", "ADX"))

PROGRAMS: dict[str, tuple[Group, ...]] = {
    "ZGSYNCHG": (
        _parameters("GRP1", "Val", "SINCE A14 AFTTYP A3 AFTKEY A20 MAXROW I4 AFTSYD I10"),
        _parameters("GRP2", "Val", "USR A5 REP A15", 1000),
        _parameters("GRP3", "Var", "NOW A14 MORE M MORESYD M"),
        _parameters("GRP4", "Var", "TYP A3 KEY A20 STAMP A14 AUUID A32 REPS A250", 1000),
        _parameters("GRP5", "Var", "SYDNUM I10 SYDUSR A5 SYDTYP A3 SYDKEY A30 SYDATTTYP A1 SYDDAT D SYDHOU A6", 1000),
    ),
    "ZGSYNACK": (_parameters("GRP1", "Val", "SYDNUM I10", 1000), _parameters("GRP2", "Var", "ACKED I6")),
    "ZGSYNUSR": (
        _parameters("GRP1", "Val", "USR A5"),
        _parameters("GRP2", "Var", "NOW A14 CRMSYNC M CRMSYNCTSK M CRMSYNCCLL M CRMSYNCBAP M CRMSYNCCOR M"),
        _parameters("GRP3", "Var", "USR A5 NAM A30 ENAFLG M AUSCRMA A10 AUSCRMF A15 CRMAPTTYP A3", 5000),
        _parameters("GRP4", "Var", "REPNUM A15 REPNAM A35 AUSNUM A5", 5000),
        _parameters("GRP5", "Var", "SYPUSR A5 OTKUSR A10 " + _FLAGS, 5000),
    ),
    "ZGSYNKEY": (
        _parameters("GRP1", "Val", "MODE A10 TYP A3 REP A15 DATFRM D DATTO D AFTKEY A20 MAXROW I4 REPTO A15"),
        _parameters("GRP2", "Val", "KEY A80 LNA A30 FNA A20", 500),
        _parameters("GRP3", "Var", "NOW A14 MORE M"),
        _parameters(
            "GRP4", "Var", "ASKED A80 TYP A3 KEY A20 STATE A10 STAMP A14 AUUID A32 REPS A250 SYNCID A40 NAM A60", 1000
        ),
        _parameters("GRP5", "Var", "CNTNUM A15 BPRNUM A15 LNA A30 FNA A20 TTL I3 EML A80 TEL A20 MOB A20 FAX A20", 1000),
    ),
}
