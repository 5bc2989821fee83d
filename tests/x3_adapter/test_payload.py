"""The XML inside and around: shapes as captured from real folders (x3.md, section 3a)."""

from __future__ import annotations

import pytest
from lxml import etree

from reconcile.port import Stop
from x3_adapter import envelope
from x3_adapter.discovery import read_description
from x3_adapter.payload import Lines, parse, parse_xml, render

RESULT = """<?xml version="1.0" encoding="UTF-8"?>
<RESULT><GRP ID="SIH0_1"><FLD NAME="SALFCY" TYPE="Char">SED</FLD><FLD NAME="ZSALFCY" TYPE="Char"/>
<FLD NAME="INVDAT" TYPE="Date">20231109</FLD><FLD MENULAB="Não" MENULOCAL="1" NAME="SIHCFMFLG" TYPE="Integer">1</FLD></GRP>
<GRP ID="YIL_2"><LST NAME="YBPRNAM" SIZE="2" TYPE="Char"><ITM>a &amp; b</ITM><ITM/></LST></GRP>
<GRP ID="ADXTEC"><FLD NAME="WW_MODSTAMP" TYPE="Char">20231109103351</FLD></GRP>
<TAB DIM="300" ID="SIH4_1" SIZE="2"><LIN NUM="1"><FLD NAME="ITMREF" TYPE="Char">N0001</FLD></LIN>
<LIN NUM="2"><FLD NAME="ITMREF" TYPE="Char"/></LIN></TAB></RESULT>"""

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    '<wss:saveResponse xmlns:wss="http://www.adonix.com/WSS"><saveReturn xsi:type="wss:CAdxResultXml">'
)
TAIL = "</soapenv:Body></soapenv:Envelope>"
FAILURE = (
    HEAD + '<messages xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" soapenc:arrayType="wss:CAdxMessage[1]" '
    'xsi:type="soapenc:Array"><messages href="#id0"/></messages><resultXml xsi:type="xsd:string" xsi:nil="true"/>'
    '<status xsi:type="xsd:int">0</status><technicalInfos xsi:type="wss:CAdxTechnicalInfos"><busy xsi:type="xsd:boolean">'
    'false</busy><processReport xsi:type="xsd:string">Log F364232</processReport><rowInDistribStack xsi:nil="true"/>'
    '<traceRequest xsi:type="xsd:string" xsi:nil="true"/></technicalInfos></saveReturn></wss:saveResponse>'
    '<multiRef id="id0" soapenc:root="0" xsi:type="wss:CAdxMessage" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/">'
    "{}</multiRef>" + TAIL
)
TYPE, MESSAGE = "<type>3</type>", "<message>Fiche déjà existante</message>"


def test_result_of_a_real_folder() -> None:
    data = parse(RESULT)
    assert data.text("SALFCY") == "SED"
    assert data.text("ZSALFCY") == ""  # a self-closing field does not swallow the next one
    assert data.text("INVDAT") == "20231109"
    assert (data.text("SIHCFMFLG"), data.labels["SIHCFMFLG"]) == ("1", "Não")
    assert data.texts("YBPRNAM") == ["a & b", ""]
    assert data.text("WW_MODSTAMP") == "20231109103351"
    assert data.lines("SIH4_1") == [{"ITMREF": "N0001"}, {"ITMREF": ""}]
    assert data.lines("NONE") == []
    assert (data.text("NONE"), data.texts("NONE"), data.text("YBPRNAM"), data.texts("SALFCY")) == ("", [], "a & b", ["SED"])


def test_param_is_escaped_once_and_can_be_read_as_a_result() -> None:
    text = "a<b> & ]]> \x07é\n🚚"
    param = render({"G": {"A": text, "L": ["x", "", "z"]}}, {"T": Lines(rows=[{"C": "1"}], first=4)})
    assert '<LIN NUM="4">' in param
    data = parse(param)
    assert data.text("A") == text.replace("\x07", "")  # XML has no place for it
    assert data.texts("L") == ["x", "", "z"]
    assert data.lines("T") == [{"C": "1"}]


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><RESULT><GRP ID="a"><FLD NAME="b">&x;</FLD></GRP></RESULT>',
        '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><RESULT>&b;</RESULT>',
        '<!DOCTYPE r SYSTEM "http://example.com/x.dtd"><RESULT/>',
        "<html><body>502",
        "",
    ],
)
def test_entities_document_types_and_rubbish_are_refused(hostile: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_xml(hostile.encode())


def test_a_result_above_lxmls_limit_is_read() -> None:
    big = "x" * 11_000_000
    assert parse(f'<RESULT><GRP ID="a"><FLD NAME="b">{big}</FLD></GRP></RESULT>').text("b") == big


@pytest.mark.parametrize("order", [TYPE + MESSAGE, MESSAGE + TYPE])
def test_failure_in_both_orders(order: str) -> None:
    reply = envelope.parse(FAILURE.format(order).encode(), "save")
    assert (reply.status, reply.messages, reply.result) == (0, ("Fiche déjà existante",), None)
    assert (reply.process_report, reply.trace) == ("Log F364232", "")


def test_messages_inline_and_result_in_cdata() -> None:
    body = f"<messages><item>{TYPE}{MESSAGE}</item></messages><resultXml><![CDATA[{RESULT}]]></resultXml><status>1</status>"
    reply = envelope.parse((HEAD + body + "</saveReturn></wss:saveResponse>" + TAIL).encode(), "save")
    assert reply.status == 1
    assert reply.messages == ("Fiche déjà existante",)
    assert parse(reply.result or "").text("SALFCY") == "SED"


def test_what_is_no_answer() -> None:
    fault = HEAD.split("<wss:")[0] + "<soapenv:Fault><faultstring>bad</faultstring></soapenv:Fault>" + TAIL
    with pytest.raises(ValueError, match="bad"):
        envelope.parse(fault.encode(), "save")
    with pytest.raises(ValueError, match="no readReturn"):
        envelope.parse(FAILURE.format(TYPE).encode(), "read")
    with pytest.raises(ValueError, match="no SOAP body"):
        envelope.parse(b"<a/>", "read")


def test_request_is_as_documented_clients_send_it() -> None:
    raw = envelope.request(
        "deleteLines",
        language="FRA",
        pool="SYNC",
        arguments={
            "publicName": "ZCOR",
            "objectKeys": {"CORNUM": "A&B"},
            "blocKey": "COP1~NBREP",
            "lineKeys": ["2"],
            "n": 5,
        },
    )
    root = etree.fromstring(raw)
    call = root[1][0]
    assert etree.QName(call).namespace == "http://www.adonix.com/WSS"
    assert [child.tag for child in call] == ["callContext", "publicName", "objectKeys", "blocKey", "lineKeys", "n"]
    context = {child.tag: child.text or "" for child in call[0]}
    assert context == {"codeLang": "FRA", "poolAlias": "SYNC", "poolId": "", "requestConfig": "adxwss.optreturn=XML"}
    assert [child.text for child in call[2][0]] == ["CORNUM", "A&B"]
    assert call[4][0].text == "2"
    assert b"A&amp;B" in raw


@pytest.mark.parametrize(
    "text",
    [
        '<RESULT><ADXKEY><FLD NAM="K" TYP="Char" LEN="15"/></ADXKEY><ADXDESC><GRP NAM="A0_1" DIM="1"><FLD NAM="K" '
        'TYP="Char" LEN="15"/><FLD NAM="L" TYP="Char" LEN="50" DIM="3"/></GRP><GRP NAM="T_1" DIM="50"><FLD NAM="C" '
        'TYP="Integer" LEN="9"/></GRP></ADXDESC></RESULT>',
        '<RESULT><GRP ID="A0_1"><FLD NAME="K" TYPE="Char" LEN="15"/><LST NAME="L" TYPE="Char" LEN="50" SIZE="3"/></GRP>'
        '<TAB ID="T_1" DIM="50"><FLD NAME="C" TYPE="Integer" LEN="9"/></TAB></RESULT>',
    ],
)
def test_description_in_both_spellings(text: str) -> None:
    screen = read_description("ZX", text)
    assert (screen.places["K"].group, screen.places["K"].table, screen.length("K")) == ("A0_1", False, 15)
    assert (screen.places["L"].size, screen.length("L")) == (3, 50)
    assert (screen.places["C"].group, screen.places["C"].table, screen.length("C")) == ("T_1", True, 0)
    assert screen.missing(["K", "Z"]) == ["Z"]
    assert parse(screen.param({"K": "1", "L": ["a", "b", "c"]})).texts("L") == ["a", "b", "c"]


def test_a_description_of_nothing_stops() -> None:
    for text in ("", "<RESULT/>", "rubbish"):
        with pytest.raises(Stop):
            read_description("ZX", text)
