"""Why what a person decided is not done: one stable word for each, and what to do instead."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pipeline.errors import RulingRefusedError


class RulingRefusal(StrEnum):
    NOT_A_STAFF_CODE = "not_a_staff_code"
    SECOND_IS_FIRST = "second_is_first"
    NEEDS_A_SECOND = "needs_a_second"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    NO_REPORT = "no_report"
    NOT_OF_THIS_CASE = "not_of_this_case"
    UNKNOWN_REPORT = "unknown_report"
    CASE_CLOSED = "case_closed"
    TOO_FEW_REPORTS = "too_few_reports"
    NOT_TWO_REPORTS = "not_two_reports"
    NOT_ONE_CASE = "not_one_case"
    NOT_ONE_INCIDENT = "not_one_incident"
    NOTHING_STAYS = "nothing_stays"
    ALREADY_ONE = "already_one"
    TOO_LARGE = "too_large"
    SAY_A_SPLIT = "say_a_split"
    PARTED_BY_PEOPLE = "parted_by_people"
    OTHERS_STAND_AGAINST_IT = "others_stand_against_it"
    NO_QUESTION = "no_question"
    UNKNOWN_CASE = "unknown_case"
    CASE_MERGED = "case_merged"
    NOTHING_WANTED = "nothing_wanted"
    NOTHING_RISES = "nothing_rises"
    NOTHING_SINKS = "nothing_sinks"
    REASON_OF_THE_OTHER_KIND = "reason_of_the_other_kind"


MEANINGS: Final[Mapping[RulingRefusal, str]] = {
    RulingRefusal.NOT_A_STAFF_CODE: "a person is told by a staff code: letters and digits with at least one digit, "
    "never a name, an ID or a telephone",
    RulingRefusal.SECOND_IS_FIRST: "the second person must be another one",
    RulingRefusal.NEEDS_A_SECOND: "a case sinks or a clock moves later by it: a second person must agree",
    RulingRefusal.UNKNOWN: "no case, incident, report or event of this id is known",
    RulingRefusal.AMBIGUOUS: "this id stands for more than one: say the report, or the incident, that is meant",
    RulingRefusal.NO_REPORT: "this id is not that of one report: say the report's own id, or the id of an event of it",
    RulingRefusal.NOT_OF_THIS_CASE: "a report that should leave does not stand in this case",
    RulingRefusal.UNKNOWN_REPORT: "a report that is decided of is not known, or its case was erased",
    RulingRefusal.CASE_CLOSED: "the case is closed: nothing of it is changed any more",
    RulingRefusal.TOO_FEW_REPORTS: "at least two reports are needed",
    RulingRefusal.NOT_TWO_REPORTS: "two reports are parted; to take more out of a case say which leave it, as a split",
    RulingRefusal.NOT_ONE_CASE: "the reports that leave stand in more than one case: split one case at a time",
    RulingRefusal.NOT_ONE_INCIDENT: "the reports that leave stand in more than one incident: split one at a time",
    RulingRefusal.NOTHING_STAYS: "at least one report stays where it is",
    RulingRefusal.ALREADY_ONE: "these are one already; to hold them together say so of their reports, as a confirm",
    RulingRefusal.TOO_LARGE: "together they would hold more reports than a case may",
    RulingRefusal.SAY_A_SPLIT: "somebody has this case in hand: say which reports leave it, as a split",
    RulingRefusal.PARTED_BY_PEOPLE: "people have parted other reports of these cases; if that was wrong, merge them",
    RulingRefusal.OTHERS_STAND_AGAINST_IT: "what people said of other reports stands against it",
    RulingRefusal.NO_QUESTION: "no open question is about these two reports",
    RulingRefusal.UNKNOWN_CASE: "no case of this id is known, or it was erased",
    RulingRefusal.CASE_MERGED: "this case went up in another: say the id of that one",
    RulingRefusal.NOTHING_WANTED: "say what the case should have: a queue, a priority or a child grade",
    RulingRefusal.NOTHING_RISES: "the case stands as high already; to put it lower say so as a lowering, by two",
    RulingRefusal.NOTHING_SINKS: "the case stands as low already; to put it higher say so as a raise",
    RulingRefusal.REASON_OF_THE_OTHER_KIND: "there is no such reason for it: some are for a raise, some for a lowering",
}


def refused(code: RulingRefusal) -> RulingRefusedError:
    return RulingRefusedError(code, MEANINGS[code])
