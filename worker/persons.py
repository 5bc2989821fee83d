"""CRM contacts without a card (F1): which card each is after all (M4), what is decided for those that are none, and the
problem lines of those that get none (R4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconcile import fields
from reconcile.actions import Create, Decision, Identify, Problem, Rule, Step
from reconcile.context import Context, Verb, switch_name
from reconcile.likeness import persons_alike
from reconcile.meet import skipped
from reconcile.model import UNREAD, ItemType, LinkState, Pair, Present, Side
from reconcile.port import Refused
from worker.forced import ForcedQuestions
from worker.observed import X3Questions
from worker.state.items import ItemKey
from x3_adapter.scope import ContactScope, CrmPerson, ScopeKind

_CARDLESS = "CRM contact "


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The card that a CRM contact is; or, where that is not one to one, those it could be (M4)."""

    card: Present | None = None
    unsure: tuple[str, ...] = ()


async def meet(x3: X3Questions, persons: Sequence[CrmPerson]) -> dict[str, Met]:
    """Which cards these CRM contacts are, by their numbers. All CORs are candidates, whoever has them, but those of other
    CRM contacts. Raises TryLater and Stop."""
    if not persons:
        return {}
    mails = {mail for person in persons for mail in person.content.emails}
    found = await x3.find_contacts(sorted(mails), {person.content.name for person in persons})
    alike = {
        person.number: persons_alike(person.content, [card for card in found if card.x3.person in ("", person.number)])
        for person in persons
    }
    rivals = Counter(card.key for cards in alike.values() for card in cards)
    return {number: _met(cards, rivals) for number, cards in alike.items()}


def _met(cards: Sequence[Present], rivals: Mapping[str, int]) -> Met:
    if len(cards) == 1 and rivals[cards[0].key] == 1:
        return Met(card=cards[0])
    return Met(unsure=tuple(card.key for card in cards))


def decide(persons: Iterable[CrmPerson], met: Mapping[str, Met], context: Context) -> list[Decision]:
    """F1: each gets a card in X3, whatever CORADXCRE says, and then an item in Outlook, if COROTKCRE lets it. Who is a card
    that does not say so gets that one; what becomes of it in Outlook, the plan decides."""
    return [decide_one(person, met[person.number], context) for person in persons]


def decide_one(person: CrmPerson, met: Met, context: Context) -> Decision:
    """The same for one."""
    if met.unsure:
        cards = ", ".join(met.unsure)
        why = f"CRM contact {person.number} could be several Outlook contacts in X3, or share one: {cards}"
        return Decision(pair=_pair(), rule=Rule.M4, why=why, problems=(Problem(field="", message=f"{why} (M4)"),))
    folder = context.default_folders.get(ItemType.CONTACT.kind, "")
    steps: tuple[Step, ...]
    if met.card is not None:
        steps = (Identify(target=met.card, person=person.number, partner=person.partner),)
        why = f"CRM contact {person.number} is this Outlook contact of X3 (M4), which does not say so"
    else:
        card = Create(
            side=Side.X3,
            type=ItemType.CONTACT,
            content=person.content,
            representative=context.representative,
            sync_id=fields.person_sync_id(person.number, fp=context.fp, representative=context.representative),
        )
        steps = (card, Create(side=Side.OUTLOOK, type=ItemType.CONTACT, content=person.content, folder=folder))
        why = f"CRM contact {person.number} has no Outlook contact in X3: it gets one, and the user's assignment"
    decision = Decision(pair=_pair(met.card), rule=Rule.F1, why=why, steps=steps, after=LinkState.LINKED)
    if not context.rules.allows(ItemType.CONTACT, Side.OUTLOOK, Verb.CREATE):
        name = switch_name(ItemType.CONTACT, Side.OUTLOOK, Verb.CREATE)
        return skipped(decision, Rule.U2, f"skipped by setting {name}")
    return decision if folder else skipped(decision, Rule.S9, "no default folder")


def _pair(card: Present | None = None) -> Pair:
    return Pair(type=ItemType.CONTACT, link=None, x3=card or UNREAD, outlook=UNREAD)


def cardless(number: str) -> ItemKey:
    """What the line of a CRM contact is about that X3 did not give a card (F1). No key of a card looks like that."""
    return ItemKey(ItemType.CONTACT, f"{_CARDLESS}{number}")


def is_cardless(item: ItemKey) -> bool:
    """Whether a line is about a CRM contact without a card."""
    return item.x3_key.startswith(_CARDLESS)


async def carded(items: Iterable[ItemKey], x3: ForcedQuestions) -> list[ItemKey]:
    """R4: which of these are CRM contacts that X3 no longer counts among those without a card, whoever gave them one. It is
    asked only where there are such. Raises TryLater and Stop."""
    told = {item for item in items if is_cardless(item)}
    if not told:
        return []
    try:
        scopes = [await x3.people_of(ContactScope(kind=kind)) for kind in (ScopeKind.TOTAL, ScopeKind.LEADS)]
    except Refused:  # an older sub-program was published since: it cannot say
        return []
    return sorted(told - {cardless(person.number) for scope in scopes for person in scope.persons})
