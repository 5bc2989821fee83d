"""The object layer: counters, audit, normalisation, business controls, the change queue."""

import asyncio

import pytest

from .client import Soap, fld, lst, param, tab
from .conftest import Server, Starter

TASK = {"TSKREP": "R001", "FULOBJ": "Call", "TSKDAT": "20260320"}
CALL = {"CLLREP": "R001", "FULOBJ": "Ring", "CLLDAT": "20260320", "CLLHOU": "0900", "CLLTYP": "2"}
MEETING = {
    "ATPREPMNA": "R001",
    "FULOBJ": "Visit",
    "APTDAT": "20260320",
    "APTHOU": "0900",
    "APTDATEND": "20260320",
    "APTHOUEND": "1000",
}
CARD = {"LNA": "Côté", "FNA": "Zoë", "CPYEML": "Zoe@Example.org"}


async def queue(x3: Soap, *users: str) -> list[tuple[str, str, str]]:
    answer = await x3.run("ZGSYNCHG", tab("GRP2", *({"USR": user} for user in users)))
    return [(row["SYDUSR"], row["SYDATTTYP"], row["SYDKEY"]) for row in answer.tables["GRP5"]]


async def test_one_counter_for_tasks_calls_and_appointments(x3: Soap) -> None:
    numbers = [
        (await x3.save("ZTSK", **TASK)).fields["TSKNUM"],
        (await x3.save("ZCLL", **CALL)).fields["CLLNUM"],
        (await x3.save("ZBAP", **MEETING)).fields["APTNUM"],
    ]
    assert [int(number[-8:]) for number in numbers] == [1, 2, 3]
    assert all(number.startswith("ACT") and len(number) <= 15 for number in numbers)
    card = await x3.save("ZCOR", **CARD)
    assert card.fields["CORNUM"] == "COR000000000001"


async def test_save_with_an_existing_key_is_refused(x3: Soap) -> None:
    key = (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]
    answer = await x3.save("ZTSK", **TASK, TSKNUM=key)
    assert answer.status == 0
    assert "already exists" in answer.messages[0][1]


async def test_audit_fields(x3: Soap, server: Server) -> None:
    made = (await x3.save("ZTSK", **TASK)).fields
    assert made["CREDATTIM"] == made["UPDDATTIM"] == "20260311093015"
    assert len(made["AUUID"]) == 32
    assert made["AUUID"] == made["AUUID"].lower()
    server.clock.advance(60)
    changed = (await x3.modify("ZTSK", {"TSKNUM": made["TSKNUM"]}, FULOBJ="Other")).fields
    assert (changed["AUUID"], changed["CREDATTIM"]) == (made["AUUID"], made["CREDATTIM"])
    assert changed["UPDDATTIM"] == "20260311093115"


async def test_the_modification_stamp_is_in_the_servers_own_time(x3: Soap) -> None:
    answer = await x3.save("ZTSK", **TASK)
    assert answer.fields["WW_MODSTAMP"] == "20260311103015"  # Paris, an hour ahead of UTC


async def test_modify_sets_only_what_it_is_given(x3: Soap) -> None:
    key = {"TSKNUM": (await x3.save("ZTSK", **TASK, FULRPO="Report")).fields["TSKNUM"]}
    answer = await x3.modify("ZTSK", key, TSKDON="2")
    assert (answer.fields["FULRPO"], answer.fields["TSKDON"]) == ("Report", "2")


async def test_kept_fields_are_set_back_without_a_word(x3: Soap) -> None:
    card = await x3.save("ZCOR", **CARD, SRV="Sales")
    await x3.control("switches", {"kept_fields": ["SRV"]})
    changed = await x3.modify("ZCOR", {"CORNUM": card.fields["CORNUM"]}, SRV="Purchasing", CPYMOB="06")
    assert (changed.status, changed.fields["SRV"], changed.fields["CPYMOB"]) == (1, "Sales", "06")


async def test_a_delete_answers_without_a_document_and_the_record_is_gone(x3: Soap) -> None:
    key = {"TSKNUM": (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]}
    answer = await x3.delete("ZTSK", **key)
    assert (answer.status, answer.result) == (1, None)
    assert (await x3.delete("ZTSK", **key)).status == 0


async def test_the_long_subject_is_kept_and_its_column_cut(x3: Soap) -> None:
    answer = await x3.save("ZTSK", **TASK | {"FULOBJ": "é" * 300})
    assert answer.fields["FULOBJ"] == "é" * 300
    assert answer.fields["TSKDES"] == "é" * 80


async def test_a_short_subject_alone_becomes_the_long_one(x3: Soap) -> None:
    values = {name: value for name, value in MEETING.items() if name != "FULOBJ"}
    answer = await x3.save("ZBAP", **values, APTOBJ="Short")
    assert answer.fields["FULOBJ"] == "Short"


async def test_text_survives_lines_accents_and_emoji(x3: Soap) -> None:
    text = "Zażółć <b>&amp;</b> 🚚\nnext line ]]&gt; end"
    answer = await x3.save("ZTSK", **TASK, FULRPO=text)
    assert answer.fields["FULRPO"] == text


async def test_bmp_only_switch_loses_emoji(x3: Soap) -> None:
    await x3.control("switches", {"bmp_only": True})
    assert (await x3.save("ZTSK", **TASK, FULRPO="a🚚é")).fields["FULRPO"] == "a?é"


async def test_the_server_normalises_cities_codes_and_trailing_blanks(x3: Soap) -> None:
    answer = await x3.save("ZCOR", **CARD | {"FNA": "Zoë  "}, CPYCTY="Nîmes", BPRNUM="jura", CPYCRY="fr")
    values = answer.fields
    assert (values["CPYCTY"], values["BPRNUM"], values["FNA"], values["CPYCRY"]) == ("NÎMES", "JURA", "Zoë", "FR")
    assert (values["CPYBPADES"], values["BPRLIB"], values["CPYCRYNAM"]) == (
        "Horlogerie du Jura",
        "Horlogerie du Jura",
        "FRANCE",
    )


async def test_a_task_recovers_person_and_partner_from_its_contact(demo: Soap) -> None:
    answer = await demo.save("ZTSK", **TASK, TSKCOR="COR000000000003")
    assert answer.fields["TSKCCN"] == "CCN000000000003"
    assert answer.fields["TSKCMP"] == "CAFEZURI"
    own = await demo.save("ZTSK", **TASK, TSKCOR="COR000000000003", TSKCMP="JURA")
    assert own.fields["TSKCMP"] == "JURA"


async def test_an_appointments_persons_follow_its_contacts(demo: Soap) -> None:
    answer = await demo.save("ZBAP", lst("APTCOR", "COR000000000002", "COR000000000005"), **MEETING)
    assert answer.fields["APTCCNNUM"][:3] == ["CCN000000000002", "CCN000000000005", ""]


async def test_a_short_list_leaves_the_other_positions(demo: Soap) -> None:
    key = {"APTNUM": (await demo.save("ZBAP", lst("APTREPNUM", "R001", "R002", "R003"), **MEETING)).fields["APTNUM"]}
    answer = await demo.modify("ZBAP", key, lst("APTREPNUM", "R002"))
    assert answer.fields["APTREPNUM"][:4] == ["R002", "R002", "R003", ""]
    await demo.control("switches", {"lst_clears_rest": True})
    answer = await demo.modify("ZBAP", key, lst("APTREPNUM", "R002"))
    assert answer.fields["APTREPNUM"][:4] == ["R002", "", "", ""]


async def test_the_stamp_may_be_in_utc(x3: Soap) -> None:
    await x3.control("switches", {"modstamp_utc": True})
    assert (await x3.save("ZTSK", **TASK)).fields["WW_MODSTAMP"] == "20260311093015"


async def test_overlaps_may_be_allowed(x3: Soap) -> None:
    for allowed in (False, True):
        await x3.control("switches", {"overlap_control": not allowed})
        assert [(await x3.save("ZBAP", **MEETING)).status for _ in range(2)] == ([1, 1] if allowed else [1, 0])
        await x3.control("reset", {"seed": "empty"})


async def test_all_day_sets_the_hours_and_length_is_computed(x3: Soap) -> None:
    timed = await x3.save("ZBAP", **MEETING)
    assert timed.fields["APTDUR"] == "0100"
    whole = await x3.save("ZBAP", **MEETING | {"APTDAT": "20260321", "APTDATEND": "20260321", "FULDAY": "2"})
    assert (whole.fields["APTHOU"], whole.fields["APTHOUEND"]) == ("0000", "2359")


@pytest.mark.parametrize(
    ("name", "values", "field", "text"),
    [
        ("ZTSK", TASK | {"TSKCMP": "NOPE"}, "TSKCMP", "business partner"),
        ("ZTSK", TASK | {"TSKCOR": "NOPE"}, "TSKCOR", "contact"),
        ("ZTSK", TASK | {"TSKREP": "R999"}, "TSKREP", "representative"),
        ("ZTSK", TASK | {"FULOBJ": ""}, "FULOBJ", "Mandatory"),
        ("ZTSK", TASK | {"TSKDAT": ""}, "TSKDAT", "Mandatory"),
        ("ZTSK", TASK | {"TSKSTR": "20260321"}, "TSKDAT", "earlier"),
        ("ZTSK", TASK | {"TSKDAT": "20260231"}, "TSKDAT", "incorrect"),
        ("ZTSK", TASK | {"TSKDON": "3"}, "TSKDON", "outside"),
        ("ZTSK", TASK | {"TSKPIOLEV": "9"}, "TSKPIOLEV", "miscellaneous"),
        ("ZTSK", TASK | {"FULOBJ": "x" * 1001}, "FULOBJ", "Invalid length (1000)"),
        ("ZBAP", MEETING | {"APTOBJ": "x" * 81}, "APTOBJ", "Invalid length (80)"),
        ("ZBAP", MEETING | {"APTHOUEND": "0800"}, "APTDATEND", "earlier"),
        ("ZBAP", MEETING | {"APTHOU": "2500"}, "APTHOU", "incorrect"),
        ("ZCLL", CALL | {"CLLHOU": ""}, "CLLHOU", "Mandatory"),
        ("ZCOR", CARD | {"LNA": ""}, "LNA", "Mandatory"),
        ("ZCOR", CARD | {"CPYTEL": "1" * 21}, "CPYTEL", "Invalid length (20)"),
        ("ZCOR", CARD | {"CPYCRY": "XX"}, "CPYCRY", "country"),
    ],
)
async def test_a_refusal_names_the_field(x3: Soap, name: str, values: dict[str, str], field: str, text: str) -> None:
    answer = await x3.save(name, **values)
    assert (answer.status, answer.result, len(answer.messages)) == (0, None, 1)
    assert f"[{field}]" in answer.messages[0][1]
    assert text in answer.messages[0][1]


async def test_a_representative_cannot_be_in_two_appointments(x3: Soap) -> None:
    first = (await x3.save("ZBAP", **MEETING)).fields["APTNUM"]
    answer = await x3.save(
        "ZBAP", lst("APTREPNUM", "R001"), **MEETING | {"ATPREPMNA": "R002", "APTHOU": "0930", "APTHOUEND": "1030"}
    )
    assert answer.status == 0
    assert first in answer.messages[0][1]
    assert "R001" in answer.messages[0][1]
    assert "[" not in answer.messages[0][1]  # names no field
    beside = await x3.save("ZBAP", **MEETING | {"APTHOU": "1000", "APTHOUEND": "1100"})
    assert beside.status == 1


async def test_messages_come_in_the_language_of_the_call(x3: Soap) -> None:
    texts = [
        (await x3.call("save", "ZTSK", param(fld(**TASK | {"TSKCMP": "NOPE"})), lang=lang)).messages[0][1]
        for lang in ("ENG", "FRA", "GER", "SPA", "POR")
    ]
    assert len(set(texts)) == 5
    assert all("[TSKCMP]" in text for text in texts)


async def test_a_second_record_with_the_same_syncid_is_refused(x3: Soap) -> None:
    first = (await x3.save("ZTSK", **TASK, ZSYNCID="abc")).fields["TSKNUM"]
    answer = await x3.save("ZTSK", **TASK, ZSYNCID="abc")
    assert "[ZSYNCID]" in answer.messages[0][1]
    assert first in answer.messages[0][1]
    assert [(await x3.save("ZTSK", **TASK)).status for _ in range(2)] == [1, 1]  # blanks are no duplicates


async def test_the_contacts_lines(x3: Soap) -> None:
    made = await x3.save("ZCOR", tab("COP1_1", {"COPREP": "R002"}), **CARD)
    key = {"CORNUM": made.fields["CORNUM"]}
    grown = await x3.modify("ZCOR", key, tab("COP1_1", {"COPREP": "R001"}))
    assert [line["COPREP"] for line in grown.tables["COP1_1"]] == ["R001", "R002"]  # in key order
    twice = await x3.modify("ZCOR", key, tab("COP1_1", {"COPREP": "R001"}))
    assert (twice.status, "[COPREP]" in twice.messages[0][1]) == (0, True)
    shrunk = await x3.delete_lines("ZCOR", key, "COP1~NBREP", ["1"])
    assert [line["COPREP"] for line in shrunk.tables["COP1_1"]] == ["R002"]
    assert shrunk.fields["LNA"] == "Côté"
    assert (await x3.delete_lines("ZCOR", key, "COP1~NBREP", ["2"])).status == 0


async def test_a_contact_in_use_cannot_be_deleted(demo: Soap) -> None:
    answer = await demo.delete("ZCOR", CORNUM="COR000000000001")
    assert answer.status == 0
    assert "TASK" in answer.messages[0][1]


async def test_the_queue_is_fed_by_the_object_layer(x3: Soap) -> None:
    key = (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]
    await x3.modify("ZTSK", {"TSKNUM": key}, FULOBJ="Other")
    await x3.modify("ZTSK", {"TSKNUM": key}, TSKREP="R002")
    await x3.delete("ZTSK", TSKNUM=key)
    assert await queue(x3, "REP1", "REP2") == [
        ("REP1", "C", key),
        ("REP1", "M", key),
        ("REP2", "C", key),
        ("REP1", "P", key),
        ("REP2", "A", key),
    ]


async def test_a_user_found_by_salesrep_alone_is_fed_too(x3: Soap) -> None:
    key = (await x3.save("ZTSK", **TASK | {"TSKREP": "R003"})).fields["TSKNUM"]
    assert await queue(x3, "REP3") == [("REP3", "C", key)]


@pytest.mark.parametrize(
    ("table", "key", "values"),
    [
        ("ADOVAL", "CRMSYNC", {"VALEUR": "1"}),
        ("ADOVAL", "CRMSYNCTSK", {"VALEUR": "1"}),
        ("SYNCPAR", "REP1", {"TSKOTKCRE": 1}),
    ],
)
async def test_no_queue_row_where_the_synchronisation_is_off(
    x3: Soap, table: str, key: str, values: dict[str, object]
) -> None:
    await x3.control("user-actions", {"action": "sql", "table": table, "key": key, "set": values})
    await x3.save("ZTSK", **TASK)
    assert await queue(x3, "REP1") == []


async def test_the_stamp_is_older_than_the_commit(starter: Starter) -> None:
    server = starter(latency_ms=300)
    x3 = await server.start()
    saving = asyncio.create_task(x3.save("ZTSK", **TASK))
    await asyncio.sleep(0.15)
    server.clock.advance(30)
    made = (await saving).fields
    assert made["UPDDATTIM"] <= "20260311093016"
    now = (await x3.run("ZGSYNCHG")).fields["NOW"]
    assert now >= "20260311093045"


async def test_two_calls_on_one_record_at_once_lock_each_other_out(starter: Starter) -> None:
    x3 = await starter(latency_ms=200).start()
    key = {"TSKNUM": (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]}
    answers = await asyncio.gather(*(x3.modify("ZTSK", key, FULOBJ=f"n{n}") for n in range(2)))
    assert sorted(answer.status for answer in answers) == [0, 1]


async def test_the_customer_learns_of_the_contact(x3: Soap) -> None:
    await x3.save("ZTSK", **TASK, TSKCMP="JURA")
    await x3.save("ZTSK", **TASK | {"TSKDAT": "20260310"}, TSKCMP="JURA", TSKDON="2")
    customers = {row["BPCNUM"]: row for row in (await x3.http.get("/_emulator/dump")).json()["BPCUSTOMER"]}
    assert (customers["JURA"]["CNTNEXDAT"], customers["JURA"]["CNTLASDAT"]) == ("20260320", "20260310")


async def test_the_control_plane_shows_figures_and_data(x3: Soap) -> None:
    await x3.save("ZTSK", **TASK)
    stats = (await x3.http.get("/_emulator/stats")).json()
    assert stats["requests"]["by_method"] == {"save": 1}
    assert (stats["writes"], stats["peak_concurrency"]) == ({"save ZTSK": 1}, {"SYNC": 1})
    page = (await x3.http.get("/_emulator/")).text
    assert "<h2>TASK (1)</h2>" in page
    await x3.http.post("/_emulator/reset", json={"seed": "demo"})
    assert len((await x3.http.get("/_emulator/dump")).json()["TASK"]) == 24
