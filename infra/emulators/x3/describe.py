"""What X3 says about itself: getDescription, getDataXmlSchema, and the WSDL of the service."""

from xml.sax.saxutils import quoteattr

from infra.emulators.x3.layout import LINES_BLOCK, Group, Publication
from infra.emulators.x3.soap import OPERATIONS
from infra.emulators.x3.tables import Field

_PARTS = {
    "run": "inputXml",
    "save": "objectXml",
    "delete": "objectKeys",
    "read": "objectKeys",
    "query": "objectKeys listSize",
    "getDescription": "",
    "modify": "objectKeys objectXml",
    "actionObject": "actionCode objectXml",
    "actionObjectKeys": "actionCode objectKeys",
    "getDataXmlSchema": "",
    "insertLines": "objectKeys blocKey lineKey lineXml",
    "deleteLines": "objectKeys blocKey lineKeys",
}
_PART_TYPES = {
    "callContext": "impl:CAdxCallContext",
    "objectKeys": "impl:ArrayOfCAdxParamKeyValue",
    "listSize": "xsd:int",
    "lineKeys": "impl:ArrayOf_xsd_string",
}


def _field(known: Field) -> str:
    extra = (f' DIM="{known.dim}"' if known.dim > 1 else "") + (f' MEN="{known.menu}"' if known.menu else "")
    return f'<FLD NAM="{known.name}" TYP="{"Clob" if known.kind == "X" else known.type}" LEN="{known.length}"{extra}/>'


def _group(group: Group) -> str:
    mode = f' MOD="{group.mode}"' if group.mode else ""
    block = f' KEY="{LINES_BLOCK}"' if group.table and not group.mode else ""
    head = f'<GRP NAM="{group.id}" DIM="{group.dim}" TYB="{"Tab" if group.table else "Rec"}"{mode}{block}>'
    return head + "".join(_field(known) for known in group.fields.values()) + "</GRP>"


def description(groups: tuple[Group, ...], publication: Publication | None) -> str:
    """The answer of getDescription: keys, groups with their fields, and the actions of an object."""
    keys = ""
    if publication is not None:
        known = publication.field(publication.key)
        keys = f"<ADXKEY>{_field(known)}</ADXKEY>" if known else ""
    actions = ("READ", "SAVE", "MODIFY", "DELETE", "QUERY", "DELETELINES") if publication else ("RUN",)
    services = "".join(f"<SER NAM={quoteattr(action)}/>" for action in actions)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<RESULT>{keys}<ADXDESC>{"".join(map(_group, groups))}</ADXDESC>'
        f"<ADXSER>{services}</ADXSER></RESULT>"
    )


def schema(groups: tuple[Group, ...]) -> str:
    """The answer of getDataXmlSchema: an XML schema that allows these group and field names."""
    names = "".join(f'<xs:enumeration value="{group.id}"/>' for group in groups)
    fields = "".join(f'<xs:enumeration value="{name}"/>' for group in groups for name in group.fields)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<xs:simpleType name="GroupId"><xs:restriction base="xs:string">{names}</xs:restriction></xs:simpleType>'
        f'<xs:simpleType name="FieldName"><xs:restriction base="xs:string">{fields}</xs:restriction></xs:simpleType>'
        "</xs:schema>"
    )


def _complex(name: str, spec: str) -> str:
    words = spec.split()
    elements = "".join(
        f'<xsd:element name="{n}"{"" if t in ("int", "boolean", "double") else " nillable=" + quoteattr("true")} '
        f'type="{t if ":" in t else "xsd:" + t}"/>'
        for n, t in zip(words[::2], words[1::2], strict=True)
    )
    return f'<xsd:complexType name="{name}"><xsd:sequence>{elements}</xsd:sequence></xsd:complexType>'


def _array(name: str, item: str) -> str:
    return (
        f'<xsd:complexType name="{name}"><xsd:complexContent><xsd:restriction base="soapenc:Array">'
        f'<xsd:attribute ref="soapenc:arrayType" wsdl:arrayType="{item}[]"/></xsd:restriction></xsd:complexContent>'
        "</xsd:complexType>"
    )


def wsdl(address: str) -> str:
    """The service's WSDL: the operations, types and part order of the real one, names in the order it uses (message
    before type in CAdxMessage, which the answers do not keep)."""
    types = (
        _complex(
            "CAdxCallContext",
            "codeLang string codeUser string password string poolAlias string poolId string requestConfig string",
        )
        + _complex("CAdxMessage", "message string type string")
        + _array("ArrayOfCAdxMessage", "impl:CAdxMessage")
        + _complex(
            "CAdxTechnicalInfos",
            "busy boolean changeLanguage boolean changeUserId boolean flushAdx boolean loadWebsDuration double "
            "nbDistributionCycle int poolDistribDuration double poolEntryIdx int poolExecDuration double "
            "poolRequestDuration double poolWaitDuration double processReport string processReportSize int reloadWebs "
            "boolean resumitAfterDBOpen boolean rowInDistribStack int totalDuration double traceRequest string "
            "traceRequestSize int",
        )
        + _complex(
            "CAdxResultXml",
            "messages impl:ArrayOfCAdxMessage resultXml string status int technicalInfos impl:CAdxTechnicalInfos",
        )
        + _complex("CAdxParamKeyValue", "key string value string")
        + _array("ArrayOfCAdxParamKeyValue", "impl:CAdxParamKeyValue")
        + _array("ArrayOf_xsd_string", "xsd:string")
    )
    messages, ports, bindings = [], [], []
    body = (
        '<wsdlsoap:body use="encoded" namespace="http://www.adonix.com/WSS" '
        'encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/>'
    )
    for name in OPERATIONS:
        parts = ["callContext", "publicName", *_PARTS[name].split()]
        listed = "".join(f'<wsdl:part name="{p}" type="{_PART_TYPES.get(p, "xsd:string")}"/>' for p in parts)
        messages.append(
            f'<wsdl:message name="{name}Request">{listed}</wsdl:message><wsdl:message name="{name}Response">'
            f'<wsdl:part name="{name}Return" type="impl:CAdxResultXml"/></wsdl:message>'
        )
        ports.append(
            f'<wsdl:operation name="{name}" parameterOrder="{" ".join(parts)}"><wsdl:input name="{name}Request" '
            f'message="impl:{name}Request"/><wsdl:output name="{name}Response" message="impl:{name}Response"/>'
            "</wsdl:operation>"
        )
        bindings.append(
            f'<wsdl:operation name="{name}"><wsdlsoap:operation soapAction=""/><wsdl:input name="{name}Request">'
            f'{body}</wsdl:input><wsdl:output name="{name}Response">{body}</wsdl:output></wsdl:operation>'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" '
        'xmlns:wsdlsoap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:impl="http://www.adonix.com/WSS" '
        'targetNamespace="http://www.adonix.com/WSS"><wsdl:types><xsd:schema targetNamespace="http://www.adonix.com/WSS">'
        f'<xsd:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>{types}</xsd:schema></wsdl:types>'
        f'{"".join(messages)}<wsdl:portType name="CAdxWebServiceXmlCC">{"".join(ports)}</wsdl:portType>'
        '<wsdl:binding name="CAdxWebServiceXmlCCSoapBinding" type="impl:CAdxWebServiceXmlCC"><wsdlsoap:binding style="rpc" '
        f'transport="http://schemas.xmlsoap.org/soap/http"/>{"".join(bindings)}</wsdl:binding>'
        '<wsdl:service name="CAdxWebServiceXmlCCService"><wsdl:port name="CAdxWebServiceXmlCC" '
        f'binding="impl:CAdxWebServiceXmlCCSoapBinding"><wsdlsoap:address location={quoteattr(address)}/></wsdl:port>'
        "</wsdl:service></wsdl:definitions>"
    )
