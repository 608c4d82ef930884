"""The persons of a report."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from pipeline.contracts.jsontext import Json
from pipeline.contracts.vocabulary import Role, Sex
from pipeline.domain.facts import Person, Place
from pipeline.domain.normalise.date import read_date
from pipeline.domain.normalise.identity import read_national_id
from pipeline.domain.normalise.name import read_name
from pipeline.domain.normalise.notes import ITEMS_MAX, Fault, Notes
from pipeline.domain.normalise.phone import read_phone
from pipeline.domain.normalise.place import read_place


def read_persons(value: Json, notes: Notes, today: date) -> tuple[Person, ...]:
    """Every person with a role; one without is left out and noted. All of them together bear no more phones, and no
    more conditions, than one list may hold.
    """
    read = (_person(item, index, notes, today) for index, item in enumerate(notes.items(value, "persons")))
    return tuple(_bounded((person for person in read if person), notes))


def _bounded(persons: Iterable[Person], notes: Notes) -> Iterator[Person]:
    phones_left = conditions_left = ITEMS_MAX
    for person in persons:
        if len(person.phones) > phones_left:
            notes.add(Fault.TOO_MANY, f"persons[{person.index}].phones")
        if len(person.conditions) > conditions_left:
            notes.add(Fault.TOO_MANY, f"persons[{person.index}].conditions")
        kept = replace(person, phones=person.phones[:phones_left], conditions=person.conditions[:conditions_left])
        phones_left -= len(kept.phones)
        conditions_left -= len(kept.conditions)
        yield kept


def optional_place(value: Json, path: str, notes: Notes) -> Place | None:
    text = notes.text(value, path)
    return read_place(text) if text and text.strip() else None


def _person(item: Json, index: int, notes: Notes, today: date) -> Person | None:
    path = f"persons[{index}]"
    person = notes.mapping(item, path)
    role = notes.text(person.get("role"), f"{path}.role")
    if role is None or not role.strip():
        notes.add(Fault.PERSON_WITHOUT_ROLE, path)
        return None
    name, masked = _name(person, path, notes)
    return Person(
        index=index,
        role=notes.word(Role, role, f"{path}.role") or Role.OTHER,
        name=name,
        masked=masked,
        national_id=_national_id(person.get("national_id"), f"{path}.national_id", notes),
        birth_date=_birth_date(person.get("birth_date"), f"{path}.birth_date", notes, today),
        sex=notes.word(Sex, person.get("sex"), f"{path}.sex"),
        phones=_phones(person.get("phones"), f"{path}.phones", notes),
        address=optional_place(person.get("address"), f"{path}.address", notes),
        registered_address=optional_place(person.get("registered_address"), f"{path}.registered_address", notes),
        current_place=optional_place(person.get("current_place"), f"{path}.current_place", notes),
        conditions=tuple(text.strip() for text, _ in notes.texts(person.get("conditions"), f"{path}.conditions")),
    )


def _name(person: Mapping[str, Json], path: str, notes: Notes) -> tuple[str | None, bool]:
    written = notes.text(person.get("name"), f"{path}.name")
    code_name = notes.text(person.get("code_name"), f"{path}.code_name")
    name = read_name(written) if written else None
    if name is None or (code_name and code_name.strip() and (written == code_name or name == read_name(code_name))):
        return None, False
    return name


def _national_id(value: Json, path: str, notes: Notes) -> str | None:
    written = notes.text(value, path)
    if not written or not written.strip():
        return None
    number = read_national_id(written)
    if number is None:
        notes.add(Fault.NATIONAL_ID_INVALID, path)
    return number


def _birth_date(value: Json, path: str, notes: Notes, today: date) -> date | None:
    written = notes.text(value, path)
    if not written or not written.strip():
        return None
    day, doubtful = read_date(written, today)
    if day is None:
        notes.add(Fault.BIRTH_DATE_UNREADABLE, path)
    elif doubtful:
        notes.add(Fault.BIRTH_DATE_DOUBTFUL, path)
    return day


def _phones(value: Json, path: str, notes: Notes) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for written, where in notes.texts(value, path):
        phone = read_phone(written)
        if phone is None:
            notes.add(Fault.PHONE_UNREADABLE, where)
        else:
            found[phone] = None
    return tuple(found)
