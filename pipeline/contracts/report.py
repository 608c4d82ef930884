"""The published contract of the incoming event, `report.submitted.v1`: what a sender should send. The pipeline itself
reads with more patience (`pipeline.domain.normalise`), since a wrong field never costs a report.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from pipeline.contracts.envelope import REPORT_TYPE, SPEC_VERSION
from pipeline.contracts.limits import NARRATIVE_CHARACTERS_MAX, REPORT_NO_CHARACTERS_MAX, SUICIDE_IDEA_MAX
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.contracts.vocabulary import (
    Category,
    Channel,
    CrisisFlag,
    Indicator,
    ReporterRole,
    ReportType,
    Role,
    SafetyResult,
    Sex,
)

Filled = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
TipvdaItem = Annotated[str, StringConstraints(pattern=r"^([1-9]|1[0-5])$")]
Bsrs5Item = Annotated[str, StringConstraints(pattern=r"^[1-5]$")]
SdmItem = Annotated[str, StringConstraints(pattern=r"^([1-9]|1[0-3])$")]
Severity = Annotated[int, Field(ge=0, le=4)]


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class SafeContact(_Contract):
    """How this person may be reached without danger. It binds every call, message and letter."""

    time: str | None = None
    """When, in words: weekdays 9:00-11:00."""
    way: str | None = None
    """How: which telephone, a letter to which address, only in person."""
    person: str | None = None
    """Through whom."""


class ReportedPerson(_Contract):
    """Somebody the report tells of. Only the role is required."""

    role: Role
    """The person's part in what happened. Only a `victim` counts as one."""
    name: str | None = None
    """As written. Hidden characters (王○明) and a surname with a title (王小姐) are understood."""
    code_name: str | None = None
    """A code used in place of the name to protect the person. It is never used to link reports."""
    national_id: str | None = None
    """National identity number or resident number, of the new or the old form."""
    birth_date: str | None = None
    """ISO 8601 (1988-06-04) or a year of the Republic in any of its spellings (77/6/4, 0770604, 民國77年6月4日)."""
    sex: Sex | None = None
    phones: tuple[str, ...] = ()
    """Any spelling, with area code; an extension is not compared."""
    address: str | None = None
    """Where the person lives, as written."""
    registered_address: str | None = None
    """Where the person's household is registered, as written."""
    current_place: str | None = None
    """Where the person is now, if that is elsewhere: a ward, a relative's home, a shelter's town."""
    relationship_to_victim: str | None = None
    school: str | None = None
    conditions: tuple[str, ...] = ()
    """Codes such as pregnant, disability, mental_illness, alcohol, drugs, suicidal."""
    safe_contact: SafeContact | None = None


class Reporter(_Contract):
    """Who tells. Kept apart from the report under a key of its own: the law protects this identity."""

    role: ReporterRole | None = None
    mandated: bool | None = None
    """True for those whom the law obliges to report."""
    organisation: str | None = None
    name: str | None = None
    title: str | None = None
    phone: str | None = None
    anonymous: bool | None = None
    """True if the reporter asked for no name to be kept."""
    wants_reply: bool | None = None


class TipvdaForm(_Contract):
    """The danger assessment of intimate-partner violence."""

    items: Mapping[TipvdaItem, bool] = Field(default_factory=dict)
    """Item number, "1" to "15", to the answer. Only `true` counts."""
    self_rating: Annotated[int, Field(ge=1, le=10)] | None = None
    """How afraid the victim is, 1 to 10."""
    judged_high: bool | None = None
    """True if the assessor judges the danger high whatever the sum."""


class Bsrs5Form(_Contract):
    """The five-item symptom rating scale."""

    items: Mapping[Bsrs5Item, Severity] = Field(default_factory=dict)
    """Item number, "1" to "5", to severity, 0 to 4."""
    suicide_idea: Annotated[int, Field(ge=0, le=SUICIDE_IDEA_MAX)] | None = None
    """The additional item, 0 to 4."""


class SdmSafetyForm(_Contract):
    """The child safety assessment."""

    items: Mapping[SdmItem, bool] = Field(default_factory=dict)
    """Item number, "1" to "13", to whether it was found."""
    result: SafetyResult | None = None


class Instruments(_Contract):
    """The assessment forms that were filled in."""

    tipvda: TipvdaForm | None = None
    bsrs5: Bsrs5Form | None = None
    sdm_safety: SdmSafetyForm | None = None


class ReportData(_Contract):
    """One report as its source took it."""

    report_no: Annotated[Filled, Field(max_length=REPORT_NO_CHARACTERS_MAX)]
    """The source's own number. The same number in an event with a new `id` amends the report."""
    related_report_nos: tuple[Filled, ...] = ()
    """Numbers of other sources' reports that this one quotes."""
    report_type: ReportType = ReportType.INITIAL
    channel: Channel
    known_at: AwareDatetime | None = None
    """When the reporter learnt of it. The law's clocks start at an incident's earliest one."""
    received_at: AwareDatetime
    """When the source took the report."""
    occurred_at: AwareDatetime | None = None
    """When it happened."""
    occurred_place: str | None = None
    """Where it happened, as written."""
    categories: tuple[Category, ...]
    """What kind of need or harm; several are usual."""
    reporter: Reporter | None = None
    persons: Annotated[tuple[ReportedPerson, ...], Field(min_length=1)]
    narrative: Annotated[str, Field(max_length=NARRATIVE_CHARACTERS_MAX)] | None = None
    """What happened, in words."""
    crisis_flags: tuple[CrisisFlag, ...] = ()
    """Why somebody must act at once. Each but `other` sends the case to the protective centre."""
    indicators: Annotated[
        tuple[str, ...], Field(json_schema_extra={"examples": [[str(code) for code in Indicator]]})
    ] = ()
    """Observed facts, as codes of the policy's vocabulary; a code that the policy does not know is kept and shown."""
    instruments: Instruments | None = None


class ReportSubmitted(_Contract):
    """One report, as a CloudEvent 1.0. Its attributes hold nothing personal."""

    model_config = ConfigDict(json_schema_extra={"examples": list(EXAMPLES)})

    specversion: Literal["1.0"] = SPEC_VERSION
    id: Filled
    """With `source` the key of the event: the same pair is the same event, however often it arrives."""
    source: Annotated[str, StringConstraints(pattern=r"^/sources/[^/\s]+$")]
    """`/sources/` and the code under which the source is registered."""
    type: Literal["report.submitted.v1"] = REPORT_TYPE
    time: AwareDatetime
    """When the event was made. Versions of a report order by it."""
    datacontenttype: str | None = None
    data: ReportData
