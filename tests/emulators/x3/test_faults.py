"""Injected faults, switches, and what users do behind the web services' back."""

import asyncio

import httpx
import pytest

from .client import Soap, envelope, fld, keys, param, parse, tab
from .conftest import Server, Starter

TASK = {"TSKREP": "R001", "FULOBJ": "Call", "TSKDAT": "20260320"}
SAVE = envelope("save", "ZTSK", param(fld(**TASK)))


async def count(x3: Soap) -> int:
    return len((await x3.run("ZGSYNKEY", fld(MODE="REP", TYP="TSK", REP="R001"))).tables["GRP4"])


async def test_an_answer_lost_after_the_commit(x3: Soap, server: Server) -> None:
    server.faults.add({"match": {"operation": "save", "object": "ZTSK"}, "action": "drop_after_commit"}, "x3")
    with pytest.raises(httpx.TransportError):
        await x3.raw(SAVE)
    assert await count(x3) == 1
    assert (await x3.raw(SAVE)).status_code == 200


@pytest.mark.parametrize(("commit", "records"), [(False, 0), (True, 1)])
async def test_a_status_before_or_after_the_commit(x3: Soap, server: Server, commit: bool, records: int) -> None:
    server.faults.add({"match": {"operation": "save"}, "action": "status", "status": 504, "commit": commit}, "x3")
    assert (await x3.raw(SAVE)).status_code == 504
    assert await count(x3) == records


async def test_html_502(x3: Soap, server: Server) -> None:
    server.faults.add({"match": {"operation": "save"}, "action": "html_502"}, "x3")
    response = await x3.raw(SAVE)
    assert (response.status_code, response.headers["content-type"][:9]) == (502, "text/html")


@pytest.mark.parametrize("status", [0, 1])
async def test_a_nil_result_without_a_message(x3: Soap, server: Server, status: int) -> None:
    server.faults.add({"match": {"operation": "save"}, "action": "nil_result", "status": status}, "x3")
    answer = parse((await x3.raw(SAVE)).text)
    assert (answer.status, answer.result, answer.messages, answer.technical["processReport"]) == (status, None, [], "")


async def test_a_refusal_of_the_tests_choice(x3: Soap, server: Server) -> None:
    server.faults.add({"match": {"object": "ZTSK"}, "action": "refuse", "message": "No", "field": "TSKDAT"}, "x3")
    answer = parse((await x3.raw(SAVE)).text)
    assert answer.messages == [("3", "Field [TSKDAT]: No")]
    assert answer.technical["processReport"].startswith("Log code on distant server: F")


async def test_lock_record_fault_and_lock_by_a_user(x3: Soap, server: Server) -> None:
    key = {"TSKNUM": (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]}
    server.faults.add({"match": {"operation": "modify"}, "action": "lock_record"}, "x3")
    assert "being modified" in (await x3.modify("ZTSK", key, FULOBJ="a")).messages[0][1]
    await x3.control(
        "user-actions", {"action": "lock", "object": "TSK", "key": key["TSKNUM"], "seconds": 60, "user": "REP1"}
    )
    answer = await x3.call("modify", "ZTSK", keys(**key) + param(fld(FULOBJ="b")), lang="FRA")
    assert "en cours de modification" in answer.messages[0][1]
    assert (await x3.read("ZTSK", **key)).status == 1  # reading is free
    server.clock.advance(61)
    assert (await x3.modify("ZTSK", key, FULOBJ="c")).status == 1


async def test_pool_exhausted_both_ways(x3: Soap, server: Server) -> None:
    for switch, status in ((False, 200), (True, 500)):
        await x3.control("switches", {"pool_exhausted_http": switch})
        server.faults.add({"match": {"operation": "save"}, "action": "pool_exhausted"}, "x3")
        response = await x3.raw(SAVE)
        assert response.status_code == status
    assert await count(x3) == 0
    assert response.text == "No web services accepted"


async def test_the_pool_serves_four_at_a_time(starter: Starter) -> None:
    x3 = await starter(latency_ms=100).start()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(x3.save("ZTSK", **TASK) for _ in range(8)))
    assert loop.time() - began >= 0.2


async def test_a_direct_write_leaves_a_local_stamp_and_no_queue_row(x3: Soap) -> None:
    key = (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]
    body = {"action": "sql", "table": "TASK", "key": key, "set": {"FULOBJ": "By SQL"}}
    assert (await x3.control("user-actions", body)).json() == {"UPDDATTIM": "20260311103015"}
    assert (await x3.read("ZTSK", TSKNUM=key)).fields["FULOBJ"] == "By SQL"
    rows = (await x3.run("ZGSYNCHG", tab("GRP2", {"USR": "REP1"}))).tables["GRP5"]
    assert [row["SYDATTTYP"] for row in rows] == ["C"]


async def test_x3s_clock_may_differ_from_the_other_machines(x3: Soap) -> None:
    assert (await x3.run("ZGSYNCHG", tab("GRP2", {"USR": "REP1"}))).fields["NOW"] == "20260311093015"
    await x3.control("switches", {"clock_skew_seconds": -300})
    assert (await x3.run("ZGSYNCHG", tab("GRP2", {"USR": "REP1"}))).fields["NOW"] == "20260311092515"
    key = (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]
    assert (await x3.read("ZTSK", TSKNUM=key)).fields["UPDDATTIM"] == "20260311092515"


async def test_forced_synchronisation_writes_r_rows(demo: Soap) -> None:
    body = {"action": "force", "user": "REP1", "types": ["TSK"]}
    written = (await demo.control("user-actions", body)).json()["rows"]
    rows = (await demo.run("ZGSYNCHG", tab("GRP2", {"USR": "REP1"}))).tables["GRP5"]
    assert written == len(rows) == 8
    assert {(row["SYDTYP"], row["SYDATTTYP"]) for row in rows} == {("TSK", "R")}


async def test_a_restored_key_is_another_record(x3: Soap) -> None:
    made = (await x3.save("ZTSK", **TASK)).fields
    await x3.delete("ZTSK", TSKNUM=made["TSKNUM"])
    await x3.control("user-actions", {"action": "restore_key", "object": "TSK", "key": made["TSKNUM"]})
    again = (await x3.read("ZTSK", TSKNUM=made["TSKNUM"])).fields
    assert again["FULOBJ"] == "Call"
    assert again["AUUID"] != made["AUUID"]


async def test_tables_may_end_with_blank_lines(x3: Soap) -> None:
    await x3.control("switches", {"blank_lines": 3})
    rows = (await x3.run("ZGSYNUSR", fld(USR="REP1"))).tables["GRP3"]
    assert [row["USR"] for row in rows] == ["REP1", "", "", ""]


async def test_an_unpublished_object_and_a_missing_column(x3: Soap) -> None:
    await x3.control("switches", {"unpublished": ["ZCLL", "ZGSYNACK"], "zsyncid": False})
    for op, name in (("getDescription", "ZCLL"), ("run", "ZGSYNACK")):
        assert (await x3.call(op, name)).messages == [("3", "Unknown web service (0)")]
    assert "ZSYNCID" not in ((await x3.call("getDescription", "ZTSK")).result or "")
    refused = await x3.save("ZTSK", **TASK, ZSYNCID="x")
    assert "Field [ZSYNCID] not found" in refused.messages[0][1]
    made = await x3.save("ZTSK", **TASK)
    assert "ZSYNCID" not in made.fields


async def test_a_program_that_does_not_load_fails_in_silence(x3: Soap) -> None:
    await x3.control("switches", {"zsyncid": False})
    silent = await x3.run("ZGSYNKEY", fld(MODE="KEYS", TYP="TSK"))
    assert (silent.status, silent.result, silent.messages, silent.technical["traceRequest"]) == (0, None, [], "")
    traced = await x3.run("ZGSYNKEY", config="adxwss.trace.on=on&amp;adxwss.trace.size=16384")
    assert "ZSYNCID" in traced.technical["traceRequest"]


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("switches", {"nope": True}),
        ("user-actions", {"action": "nope"}),
        ("user-actions", {"action": "sql", "table": "TASK", "key": "NONE", "set": {}}),
    ],
)
async def test_control_calls_that_make_no_sense_are_400(x3: Soap, what: str, body: dict[str, object]) -> None:
    response = await x3.control(what, body)
    assert response.status_code == 400
    assert response.json()["error"]
