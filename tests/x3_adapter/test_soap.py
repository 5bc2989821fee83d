"""The connection against the emulator: sign-in, faults, retries, limits, counters (house.md "Runtime", x3.md section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconcile.model import ItemType, Side
from reconcile.port import Ref, Refused, Stop, TryLater
from tests.emulators.conftest import running
from tests.x3_adapter.conftest import STREAM, Lab
from tests.x3_adapter.samples import TASK, create, update
from x3_adapter import X3, Crm, Jwt, X3Connection
from x3_adapter.discovery import describe


async def test_basic_sign_in_and_its_refusal(lab: Lab, x3: X3) -> None:
    assert (await describe(x3, "ZTSK")).has("TSKNUM")
    with pytest.raises(Stop) as stop:
        await describe(lab.connect(password="wrong"), "ZTSK")
    assert stop.value.side is Side.X3
    assert "X3SYNC_X3__USER" in stop.value.mend
    assert "wrong" not in repr(X3Connection(base_url="", pool="", password="wrong"))


async def test_a_certificate_of_an_own_authority_is_trusted_by_its_bundle(tmp_path: Path) -> None:
    with running("--tls-dir", str(tmp_path), "--x3-tls") as emulators:
        assert emulators.x3.startswith("https://")
        here = X3Connection(
            base_url=emulators.x3, pool="SYNC", user="x3sync", password="x3sync", verify=str(tmp_path / "ca.pem")
        )
        trusting, strange = X3.connect(here), X3.connect(replace(here, verify=None))
        assert (await describe(trusting, "ZTSK")).has("TSKNUM")
        with pytest.raises(Stop) as stop:
            await describe(strange, "ZTSK")
        assert stop.value.side is Side.X3
        assert "X3SYNC_X3__CA_BUNDLE" in stop.value.mend
        await asyncio.gather(trusting.aclose(), strange.aclose())


async def test_token_of_a_connected_application(lab: Lab) -> None:
    jwt = Jwt(client_id="x3sync", secret="x3sync-secret", subject="x3sync", audience=lab.base_url)
    x3 = lab.connect(user="", password="", jwt=jwt, clock=lambda: datetime.now(UTC))
    assert (await describe(x3, "ZTSK")).has("TSKNUM")
    with pytest.raises(Stop):
        X3.connect(X3Connection(base_url=lab.base_url, pool="SYNC", jwt=jwt))
    with pytest.raises(Stop):
        X3.connect(X3Connection(base_url=lab.base_url, pool="SYNC"))


async def test_a_token_is_renewed_once_on_401_then_it_stops(lab: Lab) -> None:
    jwt = Jwt(client_id="x3sync", secret="x3sync-secret", subject="x3sync", audience="a")
    times = [datetime.now(UTC) - timedelta(hours=1)]
    x3 = lab.connect(user="", jwt=jwt, clock=lambda: times[-1])
    with pytest.raises(Stop):
        await describe(x3, "ZTSK")
    assert x3.counters.requests == 2
    times += [datetime.now(UTC)]
    assert (await describe(x3, "ZTSK")).has("TSKNUM")


async def test_wrong_pool_and_publication_say_how_to_mend_it(lab: Lab) -> None:
    with pytest.raises(Stop, match="pool") as stop:
        await describe(lab.connect(pool="sync"), "ZTSK")
    assert "X3SYNC_X3__POOL" in stop.value.mend
    for language in ("ENG", "FRA", "GER", "SPA", "POR"):
        with pytest.raises(Stop) as unknown:
            await describe(lab.connect(language=language), "ZXYZ")
        assert "ZXYZ" in unknown.value.mend
        assert "GESAWE" in unknown.value.mend


@pytest.mark.parametrize("language", ["ENG", "FRA", "GER", "SPA", "POR"])
async def test_a_lock_waits_in_every_language(lab: Lab, language: str) -> None:
    crm = lab.crm(lab.connect(language=language))
    present = await crm.apply(create(TASK))
    assert present is not None
    lab.post("user-actions", action="lock", object="TSK", key=present.key, seconds=60)
    with pytest.raises(TryLater) as wait:
        await crm.apply(update(present, subject="x"))
    assert not wait.value.sent


@pytest.mark.parametrize(
    ("action", "more", "sent"),
    [
        ("drop_after_commit", {}, True),
        ("html_502", {}, True),
        ("status", {"status": 503, "retry_after": 7}, True),
        ("status", {"status": 500, "message": "No web services accepted"}, False),
        ("pool_exhausted", {}, False),
        ("nil_result", {}, True),
        ("lock_record", {}, False),
    ],
)
async def test_m7_what_is_known_after_a_failed_save(
    lab: Lab, crm: Crm, x3: X3, action: str, more: dict[str, Any], sent: bool
) -> None:
    await crm.prepare()
    lab.fault(action, "save", times=1, **more)
    before = x3.counters.requests
    with pytest.raises(TryLater) as wait:
        await crm.apply(create(TASK))
    assert wait.value.sent is sent
    assert x3.counters.requests - before == 1  # a write is never repeated here
    if "retry_after" in more:
        assert wait.value.retry_after == 7.0


@pytest.mark.parametrize("action", ["html_502", "drop_after_commit", "nil_result"])
async def test_harmless_calls_are_repeated(lab: Lab, crm: Crm, action: str) -> None:
    cursor = (await crm.changes(STREAM, None)).cursor
    lab.fault(action, "run", "ZGSYNCHG", times=2, every=True, nth=1)
    before = lab.requests()
    await crm.changes(STREAM, cursor)
    assert lab.requests() - before == 3
    lab.fault(action, "run", "ZGSYNCHG", times=3, every=True, nth=1)
    with pytest.raises(TryLater):
        await crm.changes(STREAM, cursor)


async def test_a_cold_client_is_asked_again_at_once(lab: Lab, crm: Crm) -> None:
    present = await crm.apply(create(TASK))
    assert present is not None
    lab.fault("nil_result", "read", times=1, status=1)
    ref = Ref(key=present.key, type=ItemType.TASK)
    assert (await crm.read([ref]))[ref] is not None


async def test_timeouts(lab: Lab) -> None:
    crm = lab.crm(lab.connect(timeout=0.3))
    await crm.prepare()
    lab.fault("delay", "save", seconds=1.0, times=1)
    with pytest.raises(TryLater) as wait:
        await crm.apply(create(TASK))
    assert wait.value.sent
    away = lab.connect(base_url="http://127.0.0.1:9", timeout=1.0)
    with pytest.raises(TryLater) as unreachable:
        await away.save("ZTSK", "<PARAM/>")
    assert not unreachable.value.sent


async def test_when_x3_is_away_the_rest_is_not_asked(lab: Lab, crm: Crm) -> None:
    await crm.prepare()
    lab.fault("status", "read", every=True, nth=1, times=400, status=503, retry_after=60)
    before = lab.requests()
    with pytest.raises(TryLater):
        await crm.read([Ref(key=f"T{n}", type=ItemType.TASK) for n in range(300)])
    assert lab.requests() - before < 20


async def test_concurrency_stays_within_the_pool_and_the_shared_limit(lab: Lab) -> None:
    inside, most = 0, 0

    @asynccontextmanager
    async def limit() -> AsyncIterator[None]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        yield
        inside -= 1

    x3 = lab.connect(pool_size=3, limit=limit)
    crm = lab.crm(x3)
    presents = await asyncio.gather(*(crm.apply(create(TASK)) for _ in range(8)))
    await crm.read([Ref(key=present.key, type=ItemType.TASK) for present in presents if present is not None])
    assert most == 3
    peak = lab.control.get("/_emulator/stats").json()["peak_concurrency"]["SYNC"]
    assert peak <= 3


async def test_counters_count_calls_writes_and_volume(crm: Crm, x3: X3) -> None:
    await crm.apply(create(TASK))
    assert (x3.counters.requests, x3.counters.writes) == (5, 1)  # four descriptions, one save: its answer tells everything
    assert x3.counters.sent > 1000
    assert x3.counters.received > 1000


async def test_query(crm: Crm, x3: X3) -> None:
    await crm.apply(create(TASK))
    data = await x3.query("ZTSK", {"TSKREP": "R*"}, 10)
    assert [line["TSKREP"] for line in data.lines("")] == ["R001"]


async def test_an_object_published_anew_is_described_anew(x3: X3) -> None:
    await describe(x3, "ZTSK")
    with pytest.raises(Refused):
        await x3.save("ZTSK", '<PARAM><GRP ID="TSK0_1"><FLD NAME="NOTHERE">x</FLD></GRP></PARAM>')
    assert "ZTSK" not in x3.descriptions


async def test_http_clients_are_closed(lab: Lab) -> None:
    x3 = lab.connect()
    await x3.aclose()
    with pytest.raises(RuntimeError):
        await describe(x3, "ZTSK")
