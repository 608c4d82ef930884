"""Why a step with a release is not done: one stable word for each, and what to do instead."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pipeline.errors import ReleaseRefusedError


class ReleaseRefusal(StrEnum):
    NOT_A_STAFF_CODE = "not_a_staff_code"
    FAULTY = "faulty"
    VERSION_TAKEN = "version_taken"
    UNKNOWN_VERSION = "unknown_version"
    NOT_AS_PROPOSED = "not_as_proposed"
    UNUSABLE = "unusable"
    NOT_A_PUBLIC_KEY = "not_a_public_key"
    HAS_A_KEY = "has_a_key"
    KEY_TAKEN = "key_taken"
    NO_KEY = "no_key"
    NOT_THEIR_KEY = "not_their_key"
    UNKNOWN_KEY = "unknown_key"
    SIGNED_ALREADY = "signed_already"
    NOT_SIGNED_BY_TWO = "not_signed_by_two"
    HAS_NOT_SIGNED = "has_not_signed"
    SECOND_IS_FIRST = "second_is_first"
    TOO_SOON = "too_soon"
    NOT_EFFECTIVE = "not_effective"
    IN_FORCE_ALREADY = "in_force_already"
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOT_TO_BE_UNDONE = "not_to_be_undone"
    NOT_A_TIME = "not_a_time"
    NOT_TWO_KEYS = "not_two_keys"
    NO_SHADOW = "no_shadow"


MEANINGS: Final[Mapping[ReleaseRefusal, str]] = {
    ReleaseRefusal.NOT_A_STAFF_CODE: "{staff} is no staff code: letters and digits with at least one digit, never a "
    "name, an ID or a telephone",
    ReleaseRefusal.FAULTY: "the file has faults and was not proposed; mend them and propose it again\n{faults}",
    ReleaseRefusal.VERSION_TAKEN: "the version {version} stands for another file already; give this one a version of "
    "its own",
    ReleaseRefusal.UNKNOWN_VERSION: "nobody has proposed a policy {version}; see `anwang policy list`",
    ReleaseRefusal.NOT_AS_PROPOSED: "the stored file of {version} is not the one that was proposed; do not use it, and "
    "tell who runs the database",
    ReleaseRefusal.UNUSABLE: "{version} cannot be used: {why}",
    ReleaseRefusal.NOT_A_PUBLIC_KEY: "this is no public key; `anwang policy key new` prints one, beginning with "
    "ed25519:",
    ReleaseRefusal.HAS_A_KEY: "{staff} has a key; `anwang policy key revoke {staff}` ends it, then add the new one",
    ReleaseRefusal.KEY_TAKEN: "this key was registered before; a key is for one person, and an ended one never comes "
    "back. Make a new one",
    ReleaseRefusal.NO_KEY: "{staff} has no registered key; `anwang policy key add` registers one",
    ReleaseRefusal.NOT_THEIR_KEY: "this is not the key that is registered for {staff}",
    ReleaseRefusal.UNKNOWN_KEY: "one of these keys is registered for nobody, or was revoked",
    ReleaseRefusal.SIGNED_ALREADY: "{staff} has signed {version} already",
    ReleaseRefusal.NOT_SIGNED_BY_TWO: "{version} needs the signatures of two people and has {signatures}; "
    "see `anwang policy list`",
    ReleaseRefusal.HAS_NOT_SIGNED: "{staff} has not signed {version}, or has another key since; two people who signed "
    "it make the activation",
    ReleaseRefusal.SECOND_IS_FIRST: "the second person must be another one",
    ReleaseRefusal.TOO_SOON: "the start must lie at least {seconds} seconds ahead, so that every worker knows of it in "
    "time; it is {now} now",
    ReleaseRefusal.NOT_EFFECTIVE: "{version} says of itself that it holds from {first} to {last}; the start is outside",
    ReleaseRefusal.IN_FORCE_ALREADY: "{version} is in force at that time already",
    ReleaseRefusal.NOTHING_TO_UNDO: "no activated policy is in force; the shipped one is, and it cannot be rolled back",
    ReleaseRefusal.NOT_TO_BE_UNDONE: "activation {number} is neither in force nor planned; see `anwang policy list`",
    ReleaseRefusal.NOT_A_TIME: "{text} is no time; write it as 2027-01-01T00:00, in Taiwan's time, or with an offset",
    ReleaseRefusal.NOT_TWO_KEYS: "a roll-back needs the keys of two people: say --key twice",
    ReleaseRefusal.NO_SHADOW: "no such policy runs in shadow; `anwang policy shadow VERSION` begins it",
}


def refused(code: ReleaseRefusal, **told: object) -> ReleaseRefusedError:
    return ReleaseRefusedError(code, MEANINGS[code].format(**told))
