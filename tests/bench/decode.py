"""What it costs to decode a page of 1,000 contacts: our Structs against the SDK's own models (ADR 0001).

`python -m tests.bench.decode` prints both figures; `measure` serves `make bench`.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import msgspec

from graph_adapter import wire

CONTACTS = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for one page, the best of the runs; `written` is one event serialised by the SDK."""

    ours: float
    sdk: float
    written: float

    @property
    def ratio(self) -> float:
        """How many times longer the SDK takes."""
        return self.sdk / self.ours


def page(count: int = CONTACTS) -> bytes:
    """A page of contacts as Graph sends it, with the members a contact really has."""

    def contact(n: int) -> dict[str, Any]:
        return {
            "@odata.etag": f'W/"EQAAABYAAAD{n:06}"',
            "id": f"AAMkAGI2TGuLAAA{n:06}=",
            "createdDateTime": "2026-03-02T08:00:00Z",
            "lastModifiedDateTime": "2026-03-02T08:00:00Z",
            "changeKey": f"EQAAABYAAAD{n:06}",
            "categories": ["Customer"],
            "parentFolderId": "AAMkAGI2TGuLAAFolder=",
            "birthday": "1974-07-22T11:59:00Z",
            "fileAs": f"Byron{n}, Ada",
            "displayName": f"Ada Byron{n}",
            "givenName": "Ada",
            "surname": f"Byron{n}",
            "title": "Mrs",
            "jobTitle": "Buyer",
            "companyName": "ACME",
            "department": "Purchasing",
            "emailAddresses": [{"name": "Ada", "address": f"ada{n}@x.example"}],
            "businessPhones": ["+33 1 23 45 67 89"],
            "homePhones": [],
            "mobilePhone": "+33 6 12 34 56 78",
            "businessAddress": {"street": "1 rue X", "city": "Paris", "postalCode": "75001", "countryOrRegion": "France"},
            "homeAddress": {},
            "otherAddress": {},
            "personalNotes": "",
        }

    return msgspec.json.encode({"value": [contact(n) for n in range(count)]})


def measure(runs: int = 5) -> Measured:
    """Decode the same bytes both ways. The SDK is run twice: its first run also imports."""
    body = page()
    ours = min(_timed(lambda: msgspec.json.decode(body, type=wire.Page[wire.Contact])) for _ in range(runs))
    return Measured(ours=ours, sdk=min(_timed(lambda: _by_sdk(body)) for _ in range(2)), written=_written())


def _by_sdk(body: bytes) -> Any:
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.generated.models.contact_collection_response import ContactCollectionResponse

    node = JsonParseNodeFactory().get_root_parse_node("application/json", body)
    found = node.get_object_value(ContactCollectionResponse)
    assert len(found.value) == CONTACTS
    return found


def _written(count: int = 200) -> float:
    from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
    from msgraph.generated.models.event import Event

    def write() -> None:
        for n in range(count):
            writer = JsonSerializationWriter()
            writer.write_object_value(None, Event(subject=f"Visit {n}", is_all_day=False))
            writer.get_serialized_content()

    return _timed(write) / count


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = measure()
    print(f"msgspec {found.ours * 1000:.2f} ms · SDK models {found.sdk:.2f} s · {found.ratio:.0f} times")
    print(f"one event serialised by the SDK: {found.written * 1e6:.0f} µs")
