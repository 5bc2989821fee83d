"""The four sub-programs, by infra/x3/CONTRACT.md."""

from .client import Soap, fld, tab
from .conftest import Server

TASK = {"TSKREP": "R001", "FULOBJ": "Call", "TSKDAT": "20260320"}
ALL = tab("GRP2", {"USR": "REP1", "REP": "R001"}, {"USR": "REP2", "REP": "R002"}, {"USR": "REP3", "REP": "R003"})


async def test_changes_pages_in_order_without_loss_or_repeat(demo: Soap) -> None:
    whole = (await demo.run("ZGSYNCHG", fld(MAXROW="1000") + ALL)).tables["GRP4"]
    assert len(whole) == 88
    order = [(row["STAMP"], row["TYP"], row["KEY"]) for row in whole]
    assert order == sorted(order)
    seen: list[dict[str, str]] = []
    more, last = "2", {"STAMP": "", "TYP": "", "KEY": ""}
    while more == "2":
        page = await demo.run(
            "ZGSYNCHG", fld(SINCE=last["STAMP"], AFTTYP=last["TYP"], AFTKEY=last["KEY"], MAXROW="7") + ALL
        )
        seen += page.tables["GRP4"]
        more, last = page.fields["MORE"], page.tables["GRP4"][-1]
    assert seen == whole


async def test_changes_since_includes_the_stamp_itself(demo: Soap) -> None:
    whole = (await demo.run("ZGSYNCHG", fld(MAXROW="1000") + ALL)).tables["GRP4"]
    answer = await demo.run("ZGSYNCHG", fld(SINCE=whole[-1]["STAMP"]) + ALL)
    assert answer.tables["GRP4"][-1] == whole[-1]


async def test_changes_of_an_empty_list_are_none(demo: Soap) -> None:
    answer = await demo.run("ZGSYNCHG")
    assert (answer.status, answer.tables["GRP4"], answer.fields["MORE"]) == (1, [], "1")
    assert answer.fields["NOW"].startswith("202603110930")


async def test_reps_names_the_organiser_first(x3: Soap) -> None:
    body = fld(ATPREPMNA="R003", FULOBJ="x", APTDAT="20260320", APTHOU="0900", APTDATEND="20260320", APTHOUEND="1000")
    await x3.save("ZBAP", body + '<LST NAME="APTREPNUM"><ITM>R001</ITM><ITM>R003</ITM></LST>')
    rows = (await x3.run("ZGSYNCHG", tab("GRP2", {"REP": "R001"}))).tables["GRP4"]
    assert [row["REPS"] for row in rows] == ["R003 R001"]


async def test_a_contacts_stamp_counts_its_lines(x3: Soap, server: Server) -> None:
    key = (await x3.save("ZCOR", tab("COP1_1", {"COPREP": "R001"}), LNA="x")).fields["CORNUM"]
    server.clock.advance(100)
    await x3.modify("ZCOR", {"CORNUM": key}, tab("COP1_1", {"COPREP": "R002"}))
    rows = (await x3.run("ZGSYNCHG", tab("GRP2", {"REP": "R001"}))).tables["GRP4"]
    assert rows[0]["STAMP"] == "20260311093155"
    assert rows[0]["REPS"] == "R001 R002"


async def test_a_line_removed_behind_x3s_back_leaves_nothing(x3: Soap) -> None:
    key = (await x3.save("ZCOR", tab("COP1_1", {"COPREP": "R001"}), LNA="x")).fields["CORNUM"]
    before = (await x3.run("ZGSYNCHG", ALL)).tables
    await x3.control("user-actions", {"action": "unassign", "key": key, "rep": "R001"})
    after = (await x3.run("ZGSYNCHG", ALL)).tables
    assert len(before["GRP4"]) == 1
    assert after["GRP4"] == []
    assert after["GRP5"] == before["GRP5"]
    assert (await x3.run("ZGSYNKEY", fld(MODE="REP", TYP="COR", REP="R001"))).tables["GRP4"] == []


async def test_acknowledged_rows_go_and_unknown_numbers_do_no_harm(x3: Soap) -> None:
    await x3.save("ZTSK", **TASK)
    await x3.save("ZTSK", **TASK)
    numbers = [row["SYDNUM"] for row in (await x3.run("ZGSYNCHG", ALL)).tables["GRP5"]]
    assert numbers == ["1", "2"]
    answer = await x3.run("ZGSYNACK", tab("GRP1", {"SYDNUM": "1"}, {"SYDNUM": "999"}))
    assert answer.fields["ACKED"] == "1"
    assert [row["SYDNUM"] for row in (await x3.run("ZGSYNCHG", ALL)).tables["GRP5"]] == ["2"]
    assert (await x3.run("ZGSYNCHG", fld(AFTSYD="2") + ALL)).tables["GRP5"] == []


async def test_the_queue_pages_too(x3: Soap) -> None:
    for _ in range(3):
        await x3.save("ZTSK", **TASK)
    answer = await x3.run("ZGSYNCHG", fld(MAXROW="2") + ALL)
    assert (len(answer.tables["GRP5"]), answer.fields["MORESYD"]) == (2, "2")


async def test_users(x3: Soap) -> None:
    answer = await x3.run("ZGSYNUSR")
    assert answer.fields["CRMSYNC"] == "2"
    users = {row["USR"]: row for row in answer.tables["GRP3"]}
    assert (users["REP1"]["AUSCRMF"], users["REP3"]["AUSCRMF"]) == ("R001", "")
    reps = {row["REPNUM"]: row["AUSNUM"] for row in answer.tables["GRP4"]}
    assert reps == {"R001": "REP1", "R002": "REP2", "R003": "REP3"}
    settings = answer.tables["GRP5"][0]
    assert len([name for name in settings if name[3:6] in ("OTK", "ADX")]) == 24
    one = await x3.run("ZGSYNUSR", fld(USR="REP2"))
    assert [row["USR"] for row in one.tables["GRP3"]] == ["REP2"]
    assert len(one.tables["GRP4"]) == 3


async def test_keys_prove_absence_in_the_order_asked(x3: Soap) -> None:
    key = (await x3.save("ZTSK", **TASK, ZSYNCID="s1")).fields["TSKNUM"]
    answer = await x3.run("ZGSYNKEY", fld(MODE="KEYS", TYP="TSK") + tab("GRP2", {"KEY": "GONE"}, {"KEY": key}))
    gone, present = answer.tables["GRP4"]
    assert (gone["ASKED"], gone["STATE"], gone["AUUID"]) == ("GONE", "gone", "")
    assert (present["STATE"], present["REPS"], present["SYNCID"]) == ("present", "R001", "s1")
    assert len(present["AUUID"]) == 32


async def test_syncid_answers_what_it_finds(x3: Soap) -> None:
    key = (await x3.save("ZTSK", **TASK, ZSYNCID="s1")).fields["TSKNUM"]
    answer = await x3.run("ZGSYNKEY", fld(MODE="SYNCID", TYP="TSK") + tab("GRP2", {"KEY": "s2"}, {"KEY": "s1"}))
    assert [(row["ASKED"], row["KEY"]) for row in answer.tables["GRP4"]] == [("s1", key)]


async def test_a_representatives_records_by_key_and_days(x3: Soap) -> None:
    keys = [
        (await x3.save("ZTSK", **TASK | {"TSKDAT": day, "TSKDON": done})).fields["TSKNUM"]
        for day, done in (("20250101", "2"), ("20250101", "1"), ("20260315", "2"), ("20270101", "2"))
    ]
    days = fld(MODE="REP", TYP="TSK", REP="R001", DATFRM="20260301", DATTO="20260331")
    found = (await x3.run("ZGSYNKEY", days)).tables["GRP4"]
    assert [row["KEY"] for row in found] == [keys[1], keys[2]]  # the open one always
    page = await x3.run("ZGSYNKEY", fld(MODE="REP", TYP="TSK", REP="R001", MAXROW="3"))
    assert (len(page.tables["GRP4"]), page.fields["MORE"]) == (3, "2")
    rest = await x3.run("ZGSYNKEY", fld(MODE="REP", TYP="TSK", REP="R001", MAXROW="3", AFTKEY=keys[2]))
    assert ([row["KEY"] for row in rest.tables["GRP4"]], rest.fields["MORE"]) == ([keys[3]], "1")


async def test_find_ignores_case_and_accents(x3: Soap) -> None:
    key = (await x3.save("ZCOR", LNA="Côté", FNA="Zoë", HOMEML="Zoe@Example.org")).fields["CORNUM"]
    asked = tab("GRP2", {"KEY": "zoe@example.ORG"}, {"LNA": "COTE", "FNA": "zoe"}, {"KEY": "nobody@example.org"})
    rows = (await x3.run("ZGSYNKEY", fld(MODE="FIND", TYP="COR") + asked)).tables["GRP4"]
    assert [(row["ASKED"], row["KEY"], row["NAM"]) for row in rows] == [
        ("zoe@example.ORG", key, "Zoë Côté"),
        ("COTE zoe", key, "Zoë Côté"),
    ]


async def test_partners(x3: Soap) -> None:
    rows = (await x3.run("ZGSYNKEY", fld(MODE="BPR") + tab("GRP2", {"KEY": "jura"}, {"KEY": "NOPE"}))).tables["GRP4"]
    assert [(row["ASKED"], row["STATE"], row["NAM"]) for row in rows] == [
        ("jura", "present", "Horlogerie du Jura"),
        ("NOPE", "gone", ""),
    ]
