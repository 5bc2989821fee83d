"""The envelope: what x3.md 3a says of requests, answers, failures, sign-in and pools."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from pathlib import Path

import httpx
import pytest
from lxml import etree

from .client import PATH, Soap, envelope, fld, keys, param, parse
from .conftest import NOW, Starter

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
TASK = {"TSKREP": "R001", "FULOBJ": "Call", "TSKDAT": "20260320"}


async def test_wsdl_has_the_operations_and_part_order_of_the_real_one(x3: Soap) -> None:
    text = (await x3.http.get(PATH.replace("soap-generic", "soap-wsdl") + "?wsdl")).text
    root = etree.fromstring(text.encode())
    operations = {
        o.get("name"): o.get("parameterOrder")
        for o in root.find(f"{WSDL}portType").iter(f"{WSDL}operation")  # type: ignore[union-attr]
    }
    assert operations == {
        "run": "callContext publicName inputXml",
        "save": "callContext publicName objectXml",
        "delete": "callContext publicName objectKeys",
        "read": "callContext publicName objectKeys",
        "query": "callContext publicName objectKeys listSize",
        "getDescription": "callContext publicName",
        "modify": "callContext publicName objectKeys objectXml",
        "actionObject": "callContext publicName actionCode objectXml",
        "actionObjectKeys": "callContext publicName actionCode objectKeys",
        "getDataXmlSchema": "callContext publicName",
        "insertLines": "callContext publicName objectKeys blocKey lineKey lineXml",
        "deleteLines": "callContext publicName objectKeys blocKey lineKeys",
    }
    names = re.findall(r'complexType name="(\w+)"', text)
    assert names == [
        "CAdxCallContext",
        "CAdxMessage",
        "ArrayOfCAdxMessage",
        "CAdxTechnicalInfos",
        "CAdxResultXml",
        "CAdxParamKeyValue",
        "ArrayOfCAdxParamKeyValue",
        "ArrayOf_xsd_string",
    ]


async def test_wrong_password_is_401_plain_text(x3: Soap) -> None:
    response = await x3.raw(envelope("read", "ZTSK"), auth=("x3sync", "wrong"))
    assert (response.status_code, response.text) == (401, "Authentication failed...")


def token(**changed: object) -> str:
    now = int(NOW.timestamp())
    secret = str(changed.pop("secret", "x3sync-secret")).encode()
    claims = {"iss": "x3sync", "sub": "x3sync", "aud": "any", "iat": now, "exp": now + 300} | changed
    parts = [urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "else"}, 41),
        ({"sub": "else"}, 42),
        ({"iat": NOW.timestamp() + 90}, 21),
        ({"exp": NOW.timestamp() - 1}, 50),
        ({"secret": "else"}, 50),
    ],
)
async def test_a_bad_token_is_401_with_its_number(x3: Soap, changed: dict[str, object], error: int) -> None:
    async with httpx.AsyncClient(
        base_url=x3.http.base_url, headers={"Authorization": f"Bearer {token(**changed)}"}
    ) as http:
        response = await Soap(http).raw(envelope("getDescription", "ZTSK"))
    assert (response.status_code, response.text) == (401, f"Error {error}: Invalid token")


async def test_a_good_token_signs_in_and_garbage_is_error_30(x3: Soap) -> None:
    for given, status in ((token(), 200), ("garbage", 401)):
        async with httpx.AsyncClient(base_url=x3.http.base_url, headers={"Authorization": f"Bearer {given}"}) as http:
            response = await Soap(http).raw(envelope("getDescription", "ZTSK"))
        assert response.status_code == status
    assert response.text == "Error 30: Invalid token"


async def test_unknown_pool(x3: Soap) -> None:
    for pool in ("sync", "OTHER", ""):  # the alias is case-sensitive
        answer = await x3.call("read", "ZTSK", pool=pool)
        assert answer.status == 0
        assert answer.messages == [("3", f"No classic web service pool match to '{pool}'")]


async def test_unknown_publication_in_the_language_of_the_call(x3: Soap) -> None:
    assert (await x3.call("read", "WSTSK")).messages == [("3", "Unknown web service (0)")]
    assert "inexistant" in (await x3.call("read", "WSTSK", lang="FRA")).messages[0][1]


async def test_a_failure_is_200_with_multiref_type_before_message(x3: Soap) -> None:
    answer = await x3.read("ZTSK", TSKNUM="NONE")
    assert (answer.status, answer.result) == (0, None)
    assert 'xsi:nil="true"' in answer.text.partition("resultXml")[2][:60]
    assert '<messages href="#id0"/>' in answer.text
    after = answer.text.partition("</wss:readResponse>")[2]
    assert re.match(r'<multiRef id="id0"[^>]*xsi:type="wss:CAdxMessage"><type>3</type><message>', after)


async def test_a_refusal_carries_the_log_code_in_the_process_report(x3: Soap) -> None:
    first, second = [(await x3.read("ZTSK", TSKNUM="NONE")).technical["processReport"] for _ in range(2)]
    assert re.search(r"F364\d{3}", first)
    assert first != second


async def test_a_success_has_the_documented_parts(x3: Soap) -> None:
    answer = await x3.save("ZTSK", **TASK)
    assert answer.status == 1
    assert 'soapenc:arrayType="wss:CAdxMessage[0]"/>' in answer.text
    assert '<resultXml xsi:type="xsd:string"><![CDATA[<?xml version' in answer.text
    assert {"busy", "poolExecDuration", "rowInDistribStack", "traceRequestSize"} <= set(answer.technical)
    assert answer.result is not None
    assert '<FLD NAME="TSKCMP" TYPE="Char"/>' in answer.result  # empty: self-closing
    assert '<FLD MENULAB="No" MENULOCAL="1" NAME="TSKDON" TYPE="Integer">1</FLD>' in answer.result
    assert re.search(r'<GRP ID="ADXTEC"><FLD NAME="WW_MODSTAMP" TYPE="Char">\d{14}</FLD>', answer.result)


async def test_menu_labels_follow_the_language(x3: Soap) -> None:
    answer = await x3.call("save", "ZTSK", param(fld(**TASK)), lang="FRA")
    assert 'MENULAB="Non" MENULOCAL="1" NAME="TSKDON"' in (answer.result or "")
    assert answer.technical["changeLanguage"] == "true"


async def test_a_warning_comes_with_status_1(x3: Soap) -> None:
    answer = await x3.save("ZTSK", **TASK | {"TSKDAT": "20200101"})
    assert answer.status == 1
    assert answer.messages[0][0] == "2"
    assert answer.fields["TSKNUM"]


LENIENT = [
    envelope("save", "ZTSK", param(fld(**TASK)), config="adxwss.optreturn=XML&adxwss.beautify=true"),  # bare &
    envelope("save", "ZTSK", f"<objectXml>&lt;PARAM&gt;{fld(**TASK).replace('<', '&lt;')}&lt;/PARAM&gt;</objectXml>"),
    envelope(
        "save",
        "ZTSK",
        f'<objectXml><![CDATA[<?xml version="1.0" encoding="UTF-8"?><PARAM>{fld(**TASK)}</PARAM>]]></objectXml>',
    ),
    '<?xml version="1.0" encoding="utf-8"?>' + envelope("save", "ZTSK", param(fld(**TASK))),
    envelope(
        "save",
        "ZTSK",
        f"<objectXml>{json.dumps({'TSK0_1': {'TSKREP': 'R001'}, 'FULOBJ': 'x', 'TSKDAT': '20260320'})}</objectXml>",
    ),
]


@pytest.mark.parametrize("body", LENIENT)
async def test_what_clients_in_production_send_is_understood(x3: Soap, body: str) -> None:
    assert parse((await x3.raw(body)).text).status == 1


@pytest.mark.parametrize("child", ["item", "keys", "CAdxParamKeyValue"])
async def test_the_keys_children_may_have_any_name(demo: Soap, child: str) -> None:
    body = keys(CORNUM="COR000000000001").replace("item>", f"{child}>")
    assert (await demo.call("read", "ZCOR", body)).status == 1


async def test_a_read_can_be_sent_again_after_renaming_the_root(demo: Soap) -> None:
    key = {"CORNUM": "COR000000000001"}
    result = (await demo.read("ZCOR", **key)).result or ""
    body = f"<objectXml><![CDATA[{result.replace('RESULT', 'PARAM')}]]></objectXml>"
    again = await demo.call("modify", "ZCOR", keys(**key) + body)
    assert again.status == 1
    assert again.tables["COP1_1"] == (await demo.read("ZCOR", **key)).tables["COP1_1"]


async def test_json_answers(x3: Soap) -> None:
    answer = await x3.call(
        "save",
        "ZBAP",
        param(fld(ATPREPMNA="R001", FULOBJ="x", APTDAT="20260320", APTHOU="0900", APTDATEND="20260320", APTHOUEND="1000")),
        config="adxwss.optreturn=JSON",
    )
    document = json.loads(answer.result or "")
    assert document["APP1_1"]["APTHOU"] == "0900"
    assert document["APP1_1"]["FULDAY_LBL"] == "No"
    assert len(document["APP1_6"]["APTREPNUM"]) == 10
    assert document["ADXTEC"]["WW_MODUSER"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (fld(NOPE="1"), "Cannot add field [FLD] under root node. Field [NOPE] not found into X3 description."),
        (f"<GRP>{fld(TSKREP='R001')}</GRP>", "No attribute ID found into GRP tag."),
    ],
)
async def test_payload_errors(x3: Soap, content: str, text: str) -> None:
    answer = await x3.save("ZTSK", content)
    assert answer.messages == [("3", text)]


async def test_a_group_of_lines_must_be_a_tab(x3: Soap) -> None:
    answer = await x3.save("ZCOR", f'<GRP ID="COP1_1">{fld(COPREP="R001")}</GRP>', LNA="x")
    assert answer.messages == [("3", "Group [COP1_1] has a dimension greater than 1. You have to use TAB Xml tag.")]


async def test_insert_lines_is_not_implemented(demo: Soap) -> None:
    rest = keys(CORNUM="COR000000000001") + "<blocKey>COP1~NBREP</blocKey><lineKey>1</lineKey><lineXml/>"
    answer = await demo.call("insertLines", "ZCOR", rest)
    assert (answer.status, answer.messages[0][1]) == (0, "Function not implemented")


async def test_get_description_names_keys_groups_and_actions(x3: Soap) -> None:
    root = etree.fromstring(((await x3.call("getDescription", "ZCOR")).result or "").encode())
    assert [f.get("NAM") for f in root.iterfind("ADXKEY/FLD")] == ["CORNUM"]
    groups = {g.get("NAM"): g for g in root.iterfind("ADXDESC/GRP")}
    assert (groups["COP1_1"].get("TYB"), groups["COP1_1"].get("DIM")) == ("Tab", "50")
    fields = {f.get("NAM"): f for f in root.iter("FLD")}
    assert (fields["LNA"].get("TYP"), fields["LNA"].get("LEN")) == ("Char", "30")
    assert "ZSYNCID" in fields
    assert root.find("ADXSER") is not None


async def test_query_filters_with_a_wildcard_and_stops_at_the_list_size(demo: Soap) -> None:
    answer = await demo.call("query", "ZCOR", keys(CORNUM="COR0000000000*") + "<listSize>5</listSize>")
    root = etree.fromstring((answer.result or "").encode())
    lines = [{f.get("NAME"): f.text for f in line} for line in root.iter("LIN")]
    assert [line["CORNUM"] for line in lines] == [f"COR{n:012d}" for n in range(1, 6)]
    answer = await demo.call("query", "ZCOR", keys(LNA="AL*") + "<listSize>5</listSize>")
    assert {f.text for f in etree.fromstring((answer.result or "").encode()).iterfind("LIN/FLD[@NAME='LNA']")} == {
        "Almeida"
    }


async def test_state_survives_a_restart(starter: Starter, tmp_path: Path) -> None:
    first = starter(state_dir=tmp_path)
    key = (await (await first.start()).save("ZTSK", **TASK)).fields["TSKNUM"]
    await first.stop()
    second = starter(state_dir=tmp_path)
    assert (await (await second.start()).read("ZTSK", TSKNUM=key)).fields["FULOBJ"] == "Call"
