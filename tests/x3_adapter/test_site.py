"""Users, representatives, SYNCPAR and the connection test (U1, U2, `check`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.context import ALL_SWITCHES
from reconcile.port import Stop
from tests.x3_adapter.conftest import Lab
from x3_adapter import X3
from x3_adapter.site import Finding, Representative, Site, check, read_site


async def test_site_is_read(x3: X3) -> None:
    site = await read_site(x3)
    assert set(site.users) == {"ADMIN", "REP1", "REP2", "REP3"}
    assert site.users["REP1"].category == 1
    assert site.settings["REP1"] == frozenset(ALL_SWITCHES)
    assert all(site.switches.values())
    assert list((await read_site(x3, "REP2")).users) == ["REP2"]


async def test_u1_parameter_first_then_the_only_representative_of_the_user(x3: X3) -> None:
    site = await read_site(x3)
    assert site.representative_of("REP1").code == "R001"
    assert site.users["REP3"].parameter == ""
    assert site.representative_of("REP3").code == "R003"


def changed(site: Site, user: str, **values: object) -> Site:
    return replace(site, users={**site.users, user: replace(site.users[user], **values)})  # type: ignore[arg-type]


async def test_u1_otherwise_a_clear_error(x3: X3) -> None:
    site = await read_site(x3)
    twin = Representative(code="R009", name="Twin", user="REP3")
    several = replace(site, representatives={**site.representatives, "R009": twin})
    nobody = replace(site, representatives={"R001": site.representatives["R001"]})
    for case, user, word in (
        (site, "NONE", "no user"),
        (several, "REP3", "2 representatives"),
        (nobody, "REP3", "0 representatives"),
        (changed(site, "REP1", parameter="R777"), "REP1", "R777"),
        (changed(site, "REP1", enabled=False), "REP1", "not active"),
    ):
        with pytest.raises(Stop, match=word) as stop:
            case.representative_of(user)
        assert stop.value.mend


def bad(findings: list[Finding]) -> list[str]:
    assert all(finding.ok or (finding.why and finding.mend) for finding in findings)
    return [finding.name for finding in findings if not finding.ok]


async def test_check_of_a_healthy_folder_writes_nothing(lab: Lab) -> None:
    x3 = lab.connect(read_only=True)
    findings = await check(x3)
    assert bad(findings) == []
    assert len(findings) == 18
    assert x3.counters.writes == 0


async def test_check_names_what_is_wrong(lab: Lab, x3: X3) -> None:
    assert bad(await check(lab.connect(password="wrong"))) == ["X3 connection"]
    assert bad(await check(lab.connect(pool="NOPE"))) == ["X3 connection"]
    assert bad(await check(lab.connect(base_url="http://127.0.0.1:9"))) == ["X3 connection"]
    lab.post("switches", unpublished=["ZBAP", "ZGSYNACK", "ZGSYNUSR"])
    assert bad(await check(x3)) == ["X3 sub-program ZGSYNUSR", "X3 sub-program ZGSYNACK", "X3 object ZBAP"]
    lab.post("switches", unpublished=[], zsyncid=False)
    assert bad(await check(x3)) == [
        "X3 sub-program ZGSYNCHG",
        "X3 sub-program ZGSYNKEY",
        *(f"X3 field ZSYNCID on {name}" for name in ("ZCOR", "ZTSK", "ZCLL", "ZBAP")),
    ]
    lab.post("switches", zsyncid=True)
    lab.post("user-actions", action="sql", table="ADOVAL", key="CRMSYNCCLL", set={"VALEUR": "1"})
    assert bad(await check(x3)) == ["X3 folder parameters"]
