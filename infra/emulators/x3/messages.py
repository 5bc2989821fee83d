"""Texts in the call's language. The words are this emulator's own; which are X3's own is said in FIDELITY_X3.md."""

LANGUAGES = ("ENG", "FRA", "GER", "SPA", "POR")


def language(code: str) -> str:
    """X3's language code of a call; British and unknown codes fall back to English, as the pool's locale does."""
    return code if code in LANGUAGES else "ENG"


_TEXTS: dict[str, tuple[str, str, str, str, str]] = {
    "unknown_key": (
        "{value}: record does not exist",
        "{value} : fiche inexistante",
        "{value}: Datensatz nicht vorhanden",
        "{value}: ficha inexistente",
        "{value}: ficha inexistente",
    ),
    "exists": (
        "{value}: record already exists",
        "{value} : fiche déjà existante",
        "{value}: Datensatz bereits vorhanden",
        "{value}: ficha ya existente",
        "{value}: ficha já existente",
    ),
    "duplicate": (
        "{value}: record already exists under {key}",
        "{value} : fiche déjà existante sous {key}",
        "{value}: Datensatz bereits vorhanden unter {key}",
        "{value}: ficha ya existente en {key}",
        "{value}: ficha já existente em {key}",
    ),
    "bp": (
        "{value}: business partner does not exist",
        "{value} : tiers inexistant",
        "{value}: Geschäftspartner nicht vorhanden",
        "{value}: tercero inexistente",
        "{value}: terceiro inexistente",
    ),
    "contact": (
        "{value}: contact does not exist",
        "{value} : contact inexistant",
        "{value}: Kontakt nicht vorhanden",
        "{value}: contacto inexistente",
        "{value}: contacto inexistente",
    ),
    "rep": (
        "{value}: sales representative does not exist",
        "{value} : représentant inexistant",
        "{value}: Vertreter nicht vorhanden",
        "{value}: representante inexistente",
        "{value}: representante inexistente",
    ),
    "country": (
        "{value}: country does not exist",
        "{value} : pays inexistant",
        "{value}: Land nicht vorhanden",
        "{value}: país inexistente",
        "{value}: país inexistente",
    ),
    "misc": (
        "{value}: code missing in the miscellaneous table",
        "{value} : code absent de la table diverse",
        "{value}: Code fehlt in der Tabelle",
        "{value}: código ausente de la tabla",
        "{value}: código ausente da tabela",
    ),
    "menu": (
        "{value}: value outside the list",
        "{value} : valeur hors liste",
        "{value}: Wert nicht in der Liste",
        "{value}: valor fuera de la lista",
        "{value}: valor fora da lista",
    ),
    "value": (
        "{value}: incorrect value",
        "{value} : valeur incorrecte",
        "{value}: falscher Wert",
        "{value}: valor incorrecto",
        "{value}: valor incorreto",
    ),
    "length": (
        "Invalid length ({limit})",
        "Longueur incorrecte ({limit})",
        "Ungültige Länge ({limit})",
        "Longitud incorrecta ({limit})",
        "Comprimento inválido ({limit})",
    ),
    "mandatory": ("Mandatory field", "Champ obligatoire", "Pflichtfeld", "Campo obligatorio", "Campo obrigatório"),
    "order": (
        "End earlier than start",
        "Fin antérieure au début",
        "Ende liegt vor dem Beginn",
        "Fin anterior al inicio",
        "Fim anterior ao início",
    ),
    "overlap": (
        "Representative {rep} is already taken by appointment {key} at that time",
        "Le représentant {rep} est déjà pris par le rendez-vous {key} sur ce créneau",
        "Vertreter {rep} ist zu dieser Zeit durch Termin {key} belegt",
        "El representante {rep} ya está ocupado por la cita {key} a esa hora",
        "O representante {rep} já está ocupado pela reunião {key} nesse horário",
    ),
    "locked": (
        "Record {key} being modified by user {user}",
        "Fiche {key} en cours de modification par l'utilisateur {user}",
        "Datensatz {key} wird gerade von Benutzer {user} bearbeitet",
        "Ficha {key} en curso de modificación por el usuario {user}",
        "Ficha {key} em modificação pelo utilizador {user}",
    ),
    "used": (
        "{key}: deletion impossible, record used in table {table}",
        "{key} : suppression impossible, fiche utilisée dans {table}",
        "{key}: Löschen unmöglich, Datensatz in {table} verwendet",
        "{key}: borrado imposible, ficha utilizada en {table}",
        "{key}: eliminação impossível, ficha utilizada em {table}",
    ),
    "past": (
        "The due date is in the past",
        "La date d'échéance est dépassée",
        "Das Fälligkeitsdatum liegt in der Vergangenheit",
        "La fecha de vencimiento ha pasado",
        "A data de vencimento já passou",
    ),
    "unpublished": (
        "Unknown web service (0)",
        "Service web inexistant (0)",
        "Unbekannter Webservice (0)",
        "Servicio web inexistente (0)",
        "Serviço web inexistente (0)",
    ),
    "not_implemented": (
        "Function not implemented",
        "Fonction non implémentée",
        "Funktion nicht implementiert",
        "Función no implementada",
        "Função não implementada",
    ),
    "line": (
        "Line {value} does not exist in block {block}",
        "Ligne {value} inexistante dans le bloc {block}",
        "Zeile {value} im Block {block} nicht vorhanden",
        "Línea {value} inexistente en el bloque {block}",
        "Linha {value} inexistente no bloco {block}",
    ),
}
_FIELD = {"ENG": "Field", "FRA": "Zone", "GER": "Feld", "SPA": "Campo", "POR": "Campo"}

_MENUS: dict[int, tuple[str, ...]] = {  # number -> one text per language, values separated by |
    1: ("No|Yes", "Non|Oui", "Nein|Ja", "No|Sí", "Não|Sim"),
    233: (
        ("Managing director|Sales|Purchasing|Accounts|Production|Quality|Logistics|IT|HR|Marketing|Technical|Other"),
        ("Direction|Ventes|Achats|Comptabilité|Production|Qualité|Logistique|Informatique|RH|Marketing|Technique|Autre"),
    ),
    941: ("Mr|Mrs|Ms", "M.|Mme|Mlle", "Herr|Frau|Frl.", "Sr.|Sra.|Srta.", "Sr.|Sra.|Menina"),
    943: (
        "BP|Company|Site|User|Accounts|Leads|Building|Place",
        "Tiers|Société|Site|Utilisateur|Comptes|Prospects|Bâtiment|Lieu",
    ),
    954: ("Contact|BP|Company|Site", "Contact|Tiers|Société|Site"),
    955: (
        "At customer's site|On our premises|Other",
        "Chez le client|Dans nos locaux|Autre",
        "Beim Kunden|Bei uns|Andere",
        "En el cliente|En nuestra sede|Otro",
        "No cliente|Nas nossas instalações|Outro",
    ),
    956: ("Incoming|Outgoing", "Entrant|Sortant", "Eingehend|Ausgehend", "Entrante|Saliente", "Recebida|Efetuada"),
    2992: ("Direct|Call|Appointment|Campaign", "Direct|Appel|Rendez-vous|Campagne"),
    2993: ("Direct|Task|Appointment|Campaign", "Direct|Tâche|Rendez-vous|Campagne"),
    2994: ("Direct|Task|Call|Campaign", "Direct|Tâche|Appel|Campagne"),
    3037: (
        "Manual|Generated|Synchronization|Import",
        "Manuel|Généré|Synchronisation|Import",
        "Manuell|Generiert|Synchronisation|Import",
        "Manual|Generado|Sincronización|Importación",
        "Manual|Gerado|Sincronização|Importação",
    ),
    7811: ("Standard|Lead", "Standard|Prospect"),
    7812: ("Contact|Representative", "Contact|Représentant"),
}


def menu(number: int, lang: str) -> list[str]:
    """The labels of a local menu; languages without a translation show the English ones."""
    texts = _MENUS[number]
    n = LANGUAGES.index(language(lang))
    return texts[n if n < len(texts) else 0].split("|")


def text(code: str, lang: str, field: str = "", **values: object) -> str:
    said = _TEXTS[code][LANGUAGES.index(language(lang))].format(**values)
    return f"{_FIELD[language(lang)]} [{field}]: {said}" if field else said
