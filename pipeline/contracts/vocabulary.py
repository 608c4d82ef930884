"""The words that reports and decisions are written in. Every choice is an enum, so that a new word breaks what does
not handle it.
"""

from enum import StrEnum


class Channel(StrEnum):
    HOTLINE = "hotline"
    CLINIC = "clinic"
    PARTNER = "partner"


class ReportType(StrEnum):
    INITIAL = "initial"
    FOLLOW_UP = "follow_up"
    FINAL = "final"


class Category(StrEnum):
    CHILD_PROTECTION = "child_protection"
    INTIMATE_PARTNER_VIOLENCE = "intimate_partner_violence"
    ELDER_PROTECTION = "elder_protection"
    DISABILITY_PROTECTION = "disability_protection"
    SEXUAL_ASSAULT = "sexual_assault"
    CHILD_SEXUAL_EXPLOITATION = "child_sexual_exploitation"
    OTHER_FAMILY_VIOLENCE = "other_family_violence"
    VULNERABLE_FAMILY = "vulnerable_family"
    SUICIDE_RISK = "suicide_risk"
    MENTAL_HEALTH = "mental_health"
    SUBSTANCE_USE = "substance_use"
    ECONOMIC_HARDSHIP = "economic_hardship"
    HOMELESSNESS = "homelessness"
    DEVELOPMENTAL_DELAY = "developmental_delay"
    YOUTH_AT_RISK = "youth_at_risk"
    COMMUNITY_DISTURBANCE = "community_disturbance"
    OTHER = "other"


class CrisisFlag(StrEnum):
    """Reasons to phone the centre at once; the list of the national family-violence form."""

    LIFE_DANGER_REPEAT = "life_danger_repeat"
    URGENT_MATTER = "urgent_matter"
    LIFE_THREATENED = "life_threatened"
    ASSESSED_NEED = "assessed_need"
    NO_SAFE_NETWORK = "no_safe_network"
    CHILD_URGENT = "child_urgent"
    INSISTS_NOW = "insists_now"
    PLACED_CHILD_THREATENED = "placed_child_threatened"
    ASSESSED_HIGH_DANGER = "assessed_high_danger"
    OTHER = "other"


class Indicator(StrEnum):
    """Observed facts that the default policy knows; a source may send others, which are kept and shown."""

    INJURY_VISIBLE = "injury_visible"
    AGE_UNDER_6 = "age_under_6"
    REPEAT_HARM = "repeat_harm"
    NEEDS_DOCTOR_NOW = "needs_doctor_now"
    ABANDONED = "abandoned"
    SOLD_OR_FORCED = "sold_or_forced"
    NEGLECT = "neglect"
    CONFINEMENT = "confinement"
    FINANCIAL_ABUSE = "financial_abuse"
    PROPERTY_DAMAGE = "property_damage"
    MEDICAL_EVIDENCE_NEEDED = "medical_evidence_needed"
    TIPVDA_STRANGULATION = "tipvda_strangulation"
    TIPVDA_WEAPON = "tipvda_weapon"
    TIPVDA_DEATH_THREAT = "tipvda_death_threat"
    TIPVDA_ESCALATING = "tipvda_escalating"
    PERPETRATOR_ALCOHOL = "perpetrator_alcohol"
    UNEMPLOYMENT = "unemployment"
    UTILITIES_CUT = "utilities_cut"
    CAREGIVER_OVERLOAD = "caregiver_overload"


class Role(StrEnum):
    VICTIM = "victim"
    ALLEGED_PERPETRATOR = "alleged_perpetrator"
    CAREGIVER = "caregiver"
    GUARDIAN = "guardian"
    CHILD_WITNESS = "child_witness"
    HOUSEHOLD_MEMBER = "household_member"
    OTHER = "other"


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


class ReporterRole(StrEnum):
    HOTLINE_WORKER = "hotline_worker"
    MEDICAL = "medical"
    EDUCATION = "education"
    POLICE = "police"
    SOCIAL_WORK = "social_work"
    CHILDCARE = "childcare"
    VILLAGE_OFFICE = "village_office"
    SAFETY_SITE = "safety_site"
    PUBLIC = "public"
    FAMILY = "family"
    SELF = "self"
    OTHER = "other"


class SafetyResult(StrEnum):
    """How the child safety assessment (SDM) ended."""

    SAFE = "safe"
    SAFE_WITH_PLAN = "safe_with_plan"
    UNSAFE = "unsafe"


class Outcome(StrEnum):
    """What one message of an intake topic became."""

    CASE = "case"
    DUPLICATE = "duplicate"
    AMENDMENT = "amendment"
    REDELIVERY = "redelivery"
    DEAD_LETTER = "dead_letter"
    QUARANTINE = "quarantine"


class LinkClass(StrEnum):
    INITIAL = "initial"
    AMENDMENT = "amendment"
    DUPLICATE = "duplicate"
    NEW_INCIDENT = "new_incident"
    RE_REPORT = "re_report"
    REDELIVERY = "redelivery"


class Queue(StrEnum):
    """Who takes the case: the protective centre or the family service centre. Listed from the lighter to the graver."""

    FAMILY = "family"
    PROTECTIVE = "protective"


class Priority(StrEnum):
    """Listed from the lightest to the gravest."""

    ROUTINE = "routine"
    STANDARD = "standard"
    URGENT = "urgent"
    IMMEDIATE = "immediate"


class PlaceKind(StrEnum):
    """The places of a report that can name a county. Residence is `address`, else `registered_address`."""

    OCCURRED = "occurred_place"
    CURRENT = "current_place"
    RESIDENCE = "residence"
