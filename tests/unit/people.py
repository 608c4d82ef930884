"""Reports as they are read, built of what is written in them."""

from datetime import date

from telling import NOON, event, hours

from pipeline.contracts.vocabulary import Role, Sex
from pipeline.domain.facts import Facts, Person
from pipeline.domain.normalise.birth import read_birth
from pipeline.domain.normalise.identity import read_identity
from pipeline.domain.normalise.name import read_name_form
from pipeline.domain.normalise.phone import read_lines
from pipeline.domain.normalise.place import read_place
from pipeline.domain.normalise.story import read_story

TODAY = date(2026, 3, 2)


def person(role: Role = Role.VICTIM, sex: Sex | None = None, **told: str) -> Person:
    """`told` are the fields of a person, as they are written."""
    return Person(
        0,
        role,
        sex=sex,
        name_form=read_name_form(told["name"]) if "name" in told else None,
        identity=read_identity(told["national_id"]) if "national_id" in told else None,
        birth=read_birth(told["birth"], TODAY) if "birth" in told else None,
        lines=read_lines(told["phone"]) if "phone" in told else (),
        address=read_place(told["address"]) if "address" in told else None,
    )


def report(event_id: str, *people: Person, story: str = "", after_h: float = 0, **more: object) -> Facts:
    """Told so many hours after noon, each by another source."""
    told = {"clock_start": NOON + hours(after_h), "story": read_story(story), **more}
    return event(event_id, f"clinic-{event_id}", persons=people or (person(),), **told)
