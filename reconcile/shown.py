"""Field values as people read them, for problem lines and conflicts (R4). Instants are shown in UTC, and say so."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from reconcile.contacts import company_text
from reconcile.content import Address, Company, Person, PersonName, Place, Relation, TaskDates, When


def shown(value: Any) -> str:
    """One value of a merge field in words."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case When():
            parts = (value.first, value.last) if value.all_day else (value.start, value.end)
            return " - ".join(shown(part) for part in parts)
        case TaskDates():
            return f"start {shown(value.start) or 'none'}, due {shown(value.due) or 'none'}"
        case PersonName():
            return value.full
        case Person():
            return value.name or value.email or value.cor
        case Company():
            return company_text(value)
        case Place():
            return value.text
        case Address():
            return ", ".join(part for part in (getattr(value, f.name) for f in fields(value)) if part).replace("\n", ", ")
        case Relation():
            return "; ".join(part for part in (shown(value.company), shown(value.people)) if part)
        case tuple():
            return ", ".join(shown(part) for part in value)
        case _ if is_dataclass(value):
            return ", ".join(f"{f.name} {shown(getattr(value, f.name))}" for f in fields(value))
        case _:
            return str(value)
