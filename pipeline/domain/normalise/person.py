"""The persons of a report."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from pipeline.contracts.jsontext import Json
from pipeline.contracts.vocabulary import Role, Sex
from pipeline.domain.facts import Person, Place
from pipeline.domain.normalise.birth import Birth, read_birth
from pipeline.domain.normalise.date import read_date
from pipeline.domain.normalise.identity import Identity, read_identity
from pipeline.domain.normalise.name import NameForm, read_name_form
from pipeline.domain.normalise.notes import ITEMS_MAX, Fault, Notes
from pipeline.domain.normalise.phone import Line, LineKind, read_lines, read_phone
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
        kept = replace(
            person,
            phones=person.phones[:phones_left],
            lines=person.lines[:phones_left],
            conditions=person.conditions[:conditions_left],
        )
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
    name = _name(person, path, notes)
    identity = _identity(person.get("national_id"), f"{path}.national_id", notes)
    birth_date, birth = _birth(person.get("birth_date"), f"{path}.birth_date", notes, today)
    phones, lines = _phones(person.get("phones"), f"{path}.phones", notes)
    return Person(
        index=index,
        role=notes.word(Role, role, f"{path}.role") or Role.OTHER,
        name=name.folded if name else None,
        masked=name is not None and name.masked,
        national_id=identity.text if identity and identity.valid and not identity.repaired else None,
        birth_date=birth_date,
        sex=notes.word(Sex, person.get("sex"), f"{path}.sex"),
        phones=phones,
        address=optional_place(person.get("address"), f"{path}.address", notes),
        registered_address=optional_place(person.get("registered_address"), f"{path}.registered_address", notes),
        current_place=optional_place(person.get("current_place"), f"{path}.current_place", notes),
        conditions=tuple(text.strip() for text, _ in notes.texts(person.get("conditions"), f"{path}.conditions")),
        name_form=name,
        identity=identity,
        birth=birth,
        lines=lines,
    )


def _name(person: Mapping[str, Json], path: str, notes: Notes) -> NameForm | None:
    written = notes.text(person.get("name"), f"{path}.name")
    code_name = notes.text(person.get("code_name"), f"{path}.code_name")
    name = read_name_form(written) if written else None
    if name is None or not (code_name and code_name.strip()):
        return name
    code = read_name_form(code_name)
    return None if written == code_name or (code and (name.folded, name.masked) == (code.folded, code.masked)) else name


def _identity(value: Json, path: str, notes: Notes) -> Identity | None:
    written = notes.text(value, path)
    if not written or not written.strip():
        return None
    identity = read_identity(written)
    if identity is None or identity.repaired or not identity.valid:
        notes.add(Fault.NATIONAL_ID_INVALID, path)
    return identity


def _birth(value: Json, path: str, notes: Notes, today: date) -> tuple[date | None, Birth | None]:
    written = notes.text(value, path)
    if not written or not written.strip():
        return None, None
    day, doubtful = read_date(written, today)
    if day is None:
        notes.add(Fault.BIRTH_DATE_UNREADABLE, path)
    elif doubtful:
        notes.add(Fault.BIRTH_DATE_DOUBTFUL, path)
    return day, read_birth(written, today)


def _phones(value: Json, path: str, notes: Notes) -> tuple[tuple[str, ...], tuple[Line, ...]]:
    """Whole numbers that say something, and all that was told."""
    numbers: dict[str, None] = {}
    lines: dict[Line, None] = {}
    for written, where in notes.texts(value, path):
        told = read_lines(written)
        whole = _whole_numbers(written, told)
        if not whole:
            notes.add(Fault.PHONE_UNREADABLE, where)
        numbers.update(dict.fromkeys(whole))
        lines.update(dict.fromkeys(told))
    return tuple(numbers), tuple(lines)


_WHOLE = frozenset({LineKind.MOBILE, LineKind.LANDLINE, LineKind.FOREIGN})


def _whole_numbers(written: str, told: tuple[Line, ...]) -> tuple[str, ...]:
    """The one number of a text; of a text with several, those that are no fillers."""
    number = read_phone(written)
    return (number,) if number else tuple(line.number for line in told if line.kind in _WHOLE and not line.says_nothing)
