"""The dictionary: tables, keys, fields, types, lengths. Fields are documented ones; lengths marked in FIDELITY_X3.md.

Notation of a field: NAME TYPE[*DIM], where TYPE is A<length> text, U<length> upper-cased code, X<length> long text (clob),
I<digits> integer, D date (YYYYMMDD, '' when empty), H time HHMM, M<menu> local menu, T stamp (14 digits, UTC).
"""

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str  # one letter of the notation above
    length: int
    dim: int = 1
    menu: int = 0

    @property
    def type(self) -> str:
        """The TYPE a SOAP answer carries."""
        return {"I": "Integer", "M": "Integer", "D": "Date"}.get(self.kind, "Char")

    def empty(self) -> Any:
        one: Any = 0 if self.kind in "I" else 1 if self.kind == "M" and self.menu == 1 else 0 if self.kind == "M" else ""
        return one if self.dim == 1 else [one] * self.dim


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    code: str
    key: tuple[str, ...]
    fields: dict[str, Field]

    def blank(self) -> Row:
        return {field.name: field.empty() for field in self.fields.values()}


AUDIT = "CREDAT D CREDATTIM T CREUSR A5 UPDDAT D UPDDATTIM T UPDUSR A5 UPDTICK I9 AUUID A32"


def _fields(spec: str) -> dict[str, Field]:
    words, fields = spec.split(), {}
    for name, notation in zip(words[::2], words[1::2], strict=True):
        shape, _, dim = notation.partition("*")
        kind, number = shape[0], int(shape[1:] or 0)
        length = {"D": 8, "H": 4, "T": 14, "M": 3}.get(kind, number)
        fields[name] = Field(name, kind, length, int(dim or 1), number if kind == "M" else 0)
    return fields


def _table(name: str, code: str, key: str, spec: str) -> Table:
    return Table(name, code, tuple(key.split()), _fields(spec + " " + AUDIT))


_ALL = (
    _table(
        "TASK",
        "TSK",
        "TSKNUM",
        """
        TSKNUM U15 SALFCY U5 TSKCMP U15 TSKCCN U15 TSKCOR U15 TSKREP U15 TSKSTR D TSKDAT D TSKDEL I4 TSKDON M1
        TSKDES A80 TSKRPO A250 FULOBJ X1000 FULRPO X30000 TSKPIOLEV U3 TSKTYP U3 TSKSAO U3 TSKORI M2992 TSKORITYP M3037
        TSKORIADI U3 TSKORIVCR U20 TSKORIVCRL I8 TSKCMGNUM U15 TSKOPGNUM U15 TSKPJT U20 HOUTIMSPG I8 MNTTIMSPG I2 CREHOU H
        ZSYNCID A40""",
    ),
    _table(
        "PHONECALL",
        "CLL",
        "CLLNUM",
        """
        CLLNUM U15 SALFCY U5 CLLCMP U15 CLLCCN U15 CLLCOR U15 CLLREP U15 CLLTYP M956 CLLCAT U3 CLLDAT D CLLHOU H CLLDUR I4
        CLLDATX A14 CLLWEE I2 CLLDON M1 CLLOBJ A80 CLLRPO A250 FULOBJ X1000 FULRPO X30000 CLLPIOLEV U3 CLLSAO U3 CLLETS A20
        CLLMOB A20 CLLEML A80 CLLCCNCRY U3 CLLORI M2993 CLLORITYP M3037 CLLORIADI U3 CLLOPP U20 CLLCMGNUM U15
        ZSYNCID A40""",
    ),
    _table(
        "BAPPOINT",
        "BAP",
        "APTNUM",
        """
        APTNUM U15 SALFCY U5 APTCMP U15 APTCCNNUM U15*10 APTCOR U15*10 APTREPNUM U15*10 ATPREPMNA U15 APTDAT D APTHOU H
        APTDATEND D APTHOUEND H APTDUR H FULDAY M1 APTDON M1 APTOBJ A80 APTRPO A250 FULOBJ X1000 FULRPO X30000 APTTYP U3
        APTSAO U3 APTPLC M955 APTTYPADD M954 APTCODADD U15 APTADD A50*3 APTZIP U10 APTCTY A40 APTSAT A35 APTCRY U3
        ATPADDCMT A250 APTTEL A20 APTMOB A20 APTEML A80 APTORI M2994 APTORITYP M3037 APTORIADI U3 APTORIVCR U20
        APTORIVCRL I8 APTPJT U20 APTCMGNUM U15 APTWEE I2 APTDATX A14 CREHOU H ZSYNCID A40""",
    ),
    _table(
        "CORRESPOND",
        "COR",
        "CORNUM",
        """
        CORNUM U15 LNA A30 FNA A20 TTL M941 BPRNUM U15 BPRLIB A35 CNTNUM U15 CORTYP M7812 FNC M233 FNCLIB A50 MSS U3 SRV A30
        CSP U3 LAN U3 BIR D CPYADD A50*3 CPYZIP U10 CPYCTY A40 CPYSAT A35 CPYCRY U3 CPYCRYNAM A40 CPYTEL A20 CPYFAX A20
        CPYMOB A20 CPYEML A80 CPYBPANUM U15 CPYBPADES A35 CPYBPATYP M943 HOMADD A50*3 HOMZIP U10 HOMCTY A40 HOMSAT A35
        HOMCRY U3 HOMCRYNAM A40 HOMTEL A20 HOMFAX A20 HOMMOB A20 HOMEML A80 UPDBPRNUM M1 UPDCNTNUM M1 ZSYNCID A40""",
    ),
    _table("CORREP", "COP", "COPREP COPNUM", "COPREP U15 COPNUM U15"),
    _table(
        "CONTACTCRM",
        "AIN",
        "CNTNUM",
        """
        CNTNUM U15 CNTTTL M941 CNTLNA A30 CNTFNA A20 CNTFULNAM A60 CNTTYP M7811 CNTBIR D CNTLAN U3 CNTEMA A80 CNTETS A20
        CNTFAX A20 CNTMOB A20 ADD A50*3 ZIP U10 CTY A40 SAT A35 CRY U3 CRYNAM A40""",
    ),
    _table(
        "CONTACT", "CNT", "BPATYP BPANUM CCNCRM", "BPATYP M943 BPANUM U15 CCNCRM U15 CNTFNC M233 TEL A20 MOB A20 WEB A80"
    ),
    _table("SALESREP", "REP", "REPNUM", "REPNUM U15 REPNAM A35 AUSNUM U5 FCY U5"),
    _table("BPCUSTOMER", "BPC", "BPCNUM", "BPCNUM U15 BPCNAM A35 BPCSTA M1 CNTNAM U15 REP U15*2 CNTLASDAT D CNTNEXDAT D"),
    _table(
        "BPARTNER",
        "BPR",
        "BPRNUM",
        """
        BPRNUM U15 BPRNAM A35*2 BPRSHO A10 CRY U3 LAN U3 CUR U3 BPCFLG M1 REPFLG M1""",
    ),
    _table("AUTILIS", "AUS", "USR", "USR U5 NOMUSR A30 ENAFLG M1 AUSCRMA U10 AUSCRMF U15 CRMAPTTYP U3 LAN U3"),
    _table(
        "SYNCPAR",
        "SYP",
        "SYPUSR",
        "SYPUSR U5 OTKUSR A10 "
        + " ".join(
            f"{kind}{side}{verb} M1"
            for kind in ("COR", "TSK", "CLL", "BAP")
            for side in ("OTK", "ADX")
            for verb in ("CRE", "UPD", "DLT")
        ),
    ),
    _table(
        "SYNCDATA",
        "SYD",
        "SYDNUM",
        """
        SYDNUM I10 SYDUSR U5 SYDTYP U3 SYDKEY U30 SYDATTTYP U1 SYDDAT D SYDHOU A6 SYDGEN I1 SYDUPD I1 SYDOTKSTA I1""",
    ),
    _table(
        "SYNCLINK", "SYL", "SYLNUM", "SYLNUM I10 SYLUSR U5 SYLTYP U3 SYLKEY U30 SYLFIE A20 SYLVALADX A250 SYLVALOTK A250"
    ),
    _table("ADOVAL", "ADV", "PARAM", "PARAM U10 VALEUR A30"),
    _table("AVALNUM", "AVN", "CODNUM", "CODNUM U5 VALEUR I11"),
)
TABLES: dict[str, Table] = {table.name: table for table in _ALL}

OBJECT_TABLE = {"TSK": "TASK", "CLL": "PHONECALL", "BAP": "BAPPOINT", "COR": "CORRESPOND"}

# Values of the miscellaneous tables this folder knows; real folders fill them freely.
MISC: dict[str, frozenset[str]] = {
    "TSKPIOLEV": frozenset("123"),
    "CLLPIOLEV": frozenset("123"),
    "APTTYP": frozenset("123"),
    "TSKTYP": frozenset({"ACT", "REM", "MKT"}),
    "CLLCAT": frozenset({"COM", "SUP"}),
}
COUNTRIES = {
    "FR": "FRANCE",
    "GB": "UNITED KINGDOM",
    "DE": "GERMANY",
    "ES": "SPAIN",
    "PT": "PORTUGAL",
    "CH": "SWITZERLAND",
    "NL": "NETHERLANDS",
    "NO": "NORWAY",
    "PL": "POLAND",
    "US": "UNITED STATES",
    "BE": "BELGIUM",
    "IT": "ITALY",
    "IE": "IRELAND",
    "AT": "AUSTRIA",
    "LU": "LUXEMBOURG",
    "SE": "SWEDEN",
    "DK": "DENMARK",
    "CA": "CANADA",
}
