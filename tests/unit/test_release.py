"""Policies as releases: who may sign and activate what, and what is believed of what is stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha512
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import deployed
from pipeline.domain.policy.book import Activation, PolicyBook
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import SHIPPED, read_policy, shipped
from pipeline.domain.policy.release import book_of, signed_by
from pipeline.domain.policy.release_activation import (
    ROLL_BACK_AHEAD,
    START_AHEAD_MIN,
    Start,
    may_activate,
    may_roll_back,
    plan_roll_back,
)
from pipeline.domain.policy.release_records import (
    Kind,
    Records,
    Release,
    Signature,
    Signer,
    Step,
    digest_of,
    release_bytes,
    roll_back_bytes,
)
from pipeline.domain.policy.release_refusals import MEANINGS, ReleaseRefusal
from pipeline.domain.policy.release_steps import may_propose, may_register, may_revoke, may_sign, release_of
from pipeline.errors import ReleaseRefusedError

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ANN, BEN, CAT = "S1024", "S2048", "S4096"
HOUR = timedelta(hours=1)


def key_of(staff: str) -> bytes:
    return sha512(staff.encode()).digest()[:32]


def sign(public_key: bytes, message: bytes) -> bytes:
    """Stands in for a signature: nobody here tries to make one without the key."""
    return sha512(public_key + message).digest()


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    return sign(public_key, message) == signature


@cache
def file_of(version: str, last: str | None = None) -> str:
    text = deployed("policy").joinpath(SHIPPED).read_text("utf-8")
    dates = "effective_from = 2026-01-01" + (f"\neffective_to = {last}" if last else "")
    return text.replace(f'version = "{shipped().version}"', f'version = "{version}"').replace(
        "effective_from = 2026-01-01", dates
    )


@cache
def policy_of(version: str, last: str | None = None) -> Policy:
    return read_policy(file_of(version, last))


def release(version: str, last: str | None = None) -> Release:
    file = file_of(version, last)
    return Release(version, digest_of(file), file, ANN, NOW - 9 * HOUR)


def signature(version: str, staff: str, last: str | None = None, at: datetime = NOW - 8 * HOUR) -> Signature:
    message = release_bytes(version, digest_of(file_of(version, last)))
    return Signature(version, staff, key_of(staff), sign(key_of(staff), message), at)


def records(*versions: str, last: str | None = None, steps: Sequence[Step] = (), **more: Any) -> Records:  # noqa: ANN401 - of Records
    """These releases, each signed by two of three registered people."""
    stored: dict[str, Any] = {
        "releases": {v: release(v, last) for v in versions},
        "signers": {key_of(s): Signer(key_of(s), s, NOW - 10 * HOUR) for s in (ANN, BEN, CAT)},
        "signatures": tuple(signature(v, s, last) for v in versions for s in (ANN, BEN)),
        "steps": tuple(steps),
    }
    return Records(**stored | more)


def activated(number: int, version: str, starts_at: datetime) -> Step:
    return Step(number, Kind.ACTIVATE, version, starts_at, ANN, BEN, starts_at - HOUR)


def rolled_back(number: int, ended: Step, version: str | None, starts_at: datetime) -> Step:
    assert ended.version
    message = roll_back_bytes(ended.number, ended.version, version)
    signed = [sign(key_of(s), message) for s in (ANN, BEN)]
    made_at = starts_at - ROLL_BACK_AHEAD
    return Step(number, Kind.ROLL_BACK, version, starts_at, ANN, BEN, made_at, ended.number, *signed)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ReleaseRefusedError) as error:
        act()
    assert str(error.value)
    return error.value.code


# --- proposing


def test_a_sound_policy_may_be_proposed_and_the_same_file_again() -> None:
    assert may_propose(Records(), file_of("bureau-1"), ANN).version == "bureau-1"
    assert may_propose(records("bureau-1"), file_of("bureau-1"), BEN).version == "bureau-1"
    assert may_propose(Records(), file_of(shipped().version), ANN).digest == shipped().digest


@pytest.mark.parametrize("known", [records("bureau-1"), Records()])
def test_a_version_never_stands_for_two_files(known: Records) -> None:
    version = "bureau-1" if known.releases else shipped().version
    assert refusal(lambda: may_propose(known, file_of(version) + "# more\n", ANN)) == "version_taken"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("score = 39", "score = 40", "expected 40"), ('en = "Default policy"', "en = 7", "line 8"), ("[[", "[[[", "TOML")],
)
def test_a_policy_with_a_fault_or_an_example_that_fails_is_not_proposed(old: str, new: str, told: str) -> None:
    with pytest.raises(ReleaseRefusedError, match=told) as error:
        may_propose(Records(), file_of("bureau-1").replace(old, new, 1), ANN)
    assert error.value.code == "faulty"


def test_people_are_told_by_staff_codes() -> None:
    assert refusal(lambda: may_propose(Records(), file_of("bureau-1"), "Ann")) == "not_a_staff_code"
    assert refusal(lambda: may_register(Records(), "Ann", key_of(ANN), NOW)) == "not_a_staff_code"


# --- keys


def test_a_key_belongs_to_one_person_and_a_person_has_one_key_at_a_time() -> None:
    known = Records(signers={key_of(ANN): Signer(key_of(ANN), ANN, NOW - HOUR)})
    assert refusal(lambda: may_register(known, BEN, key_of(ANN), NOW)) == "key_taken"
    assert refusal(lambda: may_register(known, ANN.lower(), key_of("new"), NOW)) == "has_a_key"
    assert refusal(lambda: may_register(known, BEN, b"short", NOW)) == "not_a_public_key"
    may_register(known, BEN, key_of(BEN), NOW)
    assert may_revoke(known, ANN, NOW).public_key == key_of(ANN)
    assert refusal(lambda: may_revoke(known, BEN, NOW)) == "no_key"


def test_a_key_that_has_ended_never_comes_back_but_its_owner_may_have_another() -> None:
    known = Records(signers={key_of(ANN): Signer(key_of(ANN), ANN, NOW - 2 * HOUR, NOW - HOUR)})
    assert refusal(lambda: may_register(known, ANN, key_of(ANN), NOW)) == "key_taken"
    may_register(known, ANN, key_of("new"), NOW)


# --- signing


def test_who_proposed_a_policy_may_sign_it_once() -> None:
    known = records("bureau-1", signatures=())
    assert may_sign(known, "bureau-1", ANN, key_of(ANN), NOW).version == "bureau-1"
    signed = replace(known, signatures=(signature("bureau-1", ANN),))
    assert refusal(lambda: may_sign(signed, "bureau-1", ANN, key_of(ANN), NOW)) == "signed_already"
    assert may_sign(signed, "bureau-1", BEN, key_of(BEN), NOW)


def test_a_person_signs_with_their_own_registered_key_alone() -> None:
    known = records("bureau-1", signatures=())
    assert refusal(lambda: may_sign(known, "bureau-1", ANN, key_of(BEN), NOW)) == "not_their_key"
    assert refusal(lambda: may_sign(known, "bureau-1", "S9", key_of("S9"), NOW)) == "no_key"
    assert refusal(lambda: may_sign(known, "bureau-2", ANN, key_of(ANN), NOW)) == "unknown_version"


def test_a_stored_file_that_was_changed_is_neither_signed_nor_shown() -> None:
    known = records("bureau-1")
    changed = replace(known, releases={"bureau-1": replace(release("bureau-1"), file=file_of("bureau-1") + "#")})
    assert refusal(lambda: release_of(changed, "bureau-1")) == "not_as_proposed"
    assert refusal(lambda: may_sign(changed, "bureau-1", CAT, key_of(CAT), NOW)) == "not_as_proposed"


def test_a_file_that_an_earlier_program_could_read_and_this_one_cannot_is_not_activated() -> None:
    old = replace(release("bureau-1"), file="nonsense", digest=digest_of("nonsense"))
    known = records("bureau-1", releases={"bureau-1": old})
    assert refusal(lambda: may_activate(known, start(), NOW, verify)) == "unusable"


def test_what_a_key_signed_before_it_was_revoked_stays_signed_and_nothing_after() -> None:
    told = signature("bureau-1", ANN, at=NOW - 2 * HOUR)
    for revoked_at, counts in ((NOW - HOUR, True), (NOW - 2 * HOUR, False), (NOW - 3 * HOUR, False)):
        signers = {key_of(ANN): Signer(key_of(ANN), ANN, NOW - 9 * HOUR, revoked_at)}
        known = records("bureau-1", signatures=(told,), signers=signers)
        assert bool(signed_by(known, release("bureau-1"), verify)) is counts
        assert not signed_by(known, release("bureau-1"), verify, NOW), "it makes no activation any more"


def test_one_person_counts_once_with_however_many_keys() -> None:
    old, new = key_of(ANN), key_of("new")
    signers = {old: Signer(old, ANN, NOW - 9 * HOUR, NOW - 5 * HOUR), new: Signer(new, ANN.lower(), NOW - 4 * HOUR)}
    message = release_bytes("bureau-1", release("bureau-1").digest)
    by_new = Signature("bureau-1", ANN, new, sign(new, message), NOW - 3 * HOUR)
    known = records("bureau-1", signers=signers, signatures=(signature("bureau-1", ANN), by_new))
    assert len(signed_by(known, release("bureau-1"), verify)) == 1


# --- activating


def start(version: str = "bureau-1", at: datetime = NOW + HOUR, by: str = ANN, second: str = BEN) -> Start:
    return Start(version, at, by, second)


def test_a_policy_signed_by_two_may_be_activated_a_minute_ahead() -> None:
    known = records("bureau-1")
    assert may_activate(known, start(at=NOW + START_AHEAD_MIN), NOW, verify).version == "bureau-1"
    too_soon = start(at=NOW + START_AHEAD_MIN - timedelta(microseconds=1))
    assert refusal(lambda: may_activate(known, too_soon, NOW, verify)) == "too_soon"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (start(second=ANN), "second_is_first"),
        (start(second=ANN.lower()), "second_is_first"),
        (start(second=CAT), "has_not_signed"),
        (start(by=CAT), "has_not_signed"),
        (start(by="Ann"), "not_a_staff_code"),
        (start(version="bureau-2"), "unknown_version"),
    ],
)
def test_two_different_people_who_signed_it_make_an_activation(wanted: Start, code: str) -> None:
    assert refusal(lambda: may_activate(records("bureau-1"), wanted, NOW, verify)) == code


def test_one_signature_is_not_enough_whoever_made_it() -> None:
    for signed in ((), (signature("bureau-1", ANN),), (signature("bureau-1", ANN), signature("bureau-1", ANN))):
        known = records("bureau-1", signatures=signed)
        assert refusal(lambda known=known: may_activate(known, start(), NOW, verify)) == "not_signed_by_two"


def test_a_policy_is_activated_within_the_days_that_it_names_itself() -> None:
    known = records("bureau-1", last="2026-12-31")
    last_moment = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    assert may_activate(known, start(at=last_moment), NOW, verify)
    midnight_in_taipei = start(at=last_moment + timedelta(seconds=1))
    assert refusal(lambda: may_activate(known, midnight_in_taipei, NOW, verify)) == "not_effective"


def test_what_is_in_force_already_is_not_activated_again() -> None:
    known = records("bureau-1", steps=[activated(1, "bureau-1", NOW - HOUR)])
    assert refusal(lambda: may_activate(known, start(), NOW, verify)) == "in_force_already"


# --- what is believed


def in_force(known: Records, at: datetime = NOW) -> tuple[str, set[str]]:
    book, refused = book_of(known, verify)
    return book.at(at).version, {told.subject for told in refused}


TWO = [activated(1, "bureau-1", NOW - 3 * HOUR), activated(2, "bureau-2", NOW - HOUR)]


def changed_release(**changes: Any) -> Callable[[Records], Records]:  # noqa: ANN401 - of Release
    return lambda known: replace(
        known, releases={**known.releases, "bureau-2": replace(known.releases["bureau-2"], **changes)}
    )


def changed_step(**changes: Any) -> Callable[[Records], Records]:  # noqa: ANN401 - of Step
    return lambda known: replace(known, steps=(known.steps[0], replace(known.steps[1], **changes)))


def changed_signature(**changes: Any) -> Callable[[Records], Records]:  # noqa: ANN401 - of Signature
    return lambda known: replace(known, signatures=(*known.signatures[:3], replace(known.signatures[3], **changes)))


def renamed() -> Callable[[Records], Records]:
    """Another file, honestly signed, under this version's name."""
    file = file_of("bureau-3")
    message = release_bytes("bureau-2", digest_of(file))
    signed = tuple(Signature("bureau-2", s, key_of(s), sign(key_of(s), message), NOW - 2 * HOUR) for s in (ANN, BEN))
    return lambda known: replace(
        changed_release(file=file, digest=digest_of(file))(known), signatures=(*known.signatures[:2], *signed)
    )


@pytest.mark.parametrize(
    "tampered",
    [
        changed_release(file=file_of("bureau-2") + "#"),
        changed_release(file="nonsense", digest=digest_of("nonsense")),
        changed_release(digest="0" * 64),
        renamed(),
        lambda known: replace(known, releases={"bureau-1": known.releases["bureau-1"]}),
        lambda known: replace(known, signatures=known.signatures[:3]),
        changed_signature(signature=b"\x00" * 64),
        changed_signature(version="bureau-1"),
        changed_signature(staff=CAT),
        changed_signature(staff=ANN, public_key=key_of(ANN)),
        changed_signature(signed_at=NOW - 20 * HOUR),
        lambda known: replace(known, signers={k: s for k, s in known.signers.items() if s.staff != BEN}),
        changed_step(seconded_by=CAT),
        changed_step(seconded_by=ANN),
        changed_step(activated_by="S9"),
    ],
)
def test_a_release_that_does_not_verify_rings_and_the_one_before_it_stays_in_force(
    tampered: Callable[[Records], Records],
) -> None:
    honest = records("bureau-1", "bureau-2", steps=TWO)
    assert in_force(honest) == ("bureau-2", set())
    version, refused = in_force(tampered(honest))
    assert version in {"bureau-1", shipped().version}
    assert "bureau-2" in refused


@given(st.integers(0, 10**9), st.sampled_from([0, 1]))
def test_any_changed_character_of_a_signed_file_is_noticed(place: int, which: int) -> None:
    file = file_of("bureau-1")
    at = place % len(file)
    other = file[:at] + ("#", "x")[which] + file[at + 1 :]
    known = records("bureau-1", steps=[activated(1, "bureau-1", NOW - HOUR)])
    known = replace(known, releases={"bureau-1": replace(release("bureau-1"), file=other, digest=digest_of(other))})
    expected = "bureau-1" if other == file else shipped().version
    assert in_force(known)[0] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": b"\x00" * 64},
        {"second_signature": None},
        {"version": None},
        {"undoes": 1},
        {"undoes": 7},
        {"undoes": 3},
        {"seconded_by": ANN},
        {"activated_by": CAT},
        {"made_at": NOW - 20 * HOUR},
    ],
)
def test_a_roll_back_that_two_people_did_not_sign_is_none(changes: dict[str, Any]) -> None:
    honest = rolled_back(3, TWO[1], "bureau-1", NOW - timedelta(minutes=1))
    assert in_force(records("bureau-1", "bureau-2", steps=[*TWO, honest])) == ("bureau-1", set())
    forged = replace(honest, **changes)
    known = records("bureau-1", "bureau-2", steps=[*TWO, forged])
    assert in_force(known) == ("bureau-2", {"activation 3"})


@given(
    st.from_regex(r"[a-z0-9][a-z0-9.-]{1,47}", fullmatch=True),
    st.integers(0, 10**6),
    st.binary(min_size=32, max_size=32),
)
def test_a_signature_under_a_release_is_none_under_a_roll_back(version: str, number: int, digest: bytes) -> None:
    told, undone = release_bytes(version, digest.hex()), roll_back_bytes(number, version, None)
    common = next(n for n, (a, b) in enumerate(zip(told, undone, strict=False)) if a != b)
    assert common < len(b"anwang-policy-v1"), "they differ in what they are for, before anything that a person chooses"


# --- rolling back


def test_a_roll_back_ends_what_is_in_force_a_few_seconds_ahead() -> None:
    book, _ = book_of(records("bureau-1", "bureau-2", steps=TWO), verify)
    plan = plan_roll_back(book, NOW)
    assert (plan.undoes, plan.leaves, plan.version, plan.starts_at) == (
        2,
        "bureau-2",
        "bureau-1",
        NOW + ROLL_BACK_AHEAD,
    )


def test_what_was_rolled_back_does_not_come_back_when_the_one_before_it_runs_out() -> None:
    steps = [activated(1, "bureau-1", NOW - 3 * HOUR), activated(2, "bureau-2", NOW - HOUR)]
    steps.append(rolled_back(3, steps[1], "bureau-1", NOW))
    known = records("bureau-1", "bureau-2", steps=steps)
    ends = {"bureau-1": release("bureau-1", "2026-12-31")}
    signed = tuple(signature("bureau-1", s, "2026-12-31") for s in (ANN, BEN))
    known = replace(known, releases={**known.releases, **ends}, signatures=(*known.signatures[2:], *signed))
    assert in_force(known, NOW + HOUR) == ("bureau-1", set())
    assert in_force(known, datetime(2027, 2, 1, tzinfo=UTC))[0] == shipped().version


def test_what_is_planned_only_never_begins_once_it_is_rolled_back() -> None:
    planned = activated(3, "bureau-3", NOW + HOUR)
    book, _ = book_of(records("bureau-1", "bureau-2", "bureau-3", steps=[*TWO, planned]), verify)
    plan = plan_roll_back(book, NOW, 3)
    assert (plan.was_planned, plan.version, plan.starts_at) == (True, "bureau-2", planned.starts_at)
    assert not plan_roll_back(book, NOW).was_planned
    assert refusal(lambda: plan_roll_back(book, NOW, 1)) == "not_to_be_undone", "something else is in force by now"


def test_a_roll_back_needs_the_keys_of_two_people_who_may_still_sign() -> None:
    known = records()
    assert [s.staff for s in may_roll_back(known, (key_of(ANN), key_of(BEN)), NOW)] == [ANN, BEN]
    assert refusal(lambda: may_roll_back(known, (key_of(ANN), key_of(ANN)), NOW)) == "second_is_first"
    assert refusal(lambda: may_roll_back(known, (key_of(ANN), key_of("S9")), NOW)) == "unknown_key"
    left = replace(known, signers={**known.signers, key_of(BEN): Signer(key_of(BEN), BEN, NOW - 9 * HOUR, NOW - HOUR)})
    assert refusal(lambda: may_roll_back(left, (key_of(ANN), key_of(BEN)), NOW)) == "unknown_key"


VERSIONS = ("bureau-1", "bureau-2", "bureau-3")
MINUTES = st.integers(0, 600)


@given(
    made=st.lists(st.tuples(st.sampled_from(VERSIONS), MINUTES), max_size=6),
    asked=st.lists(st.tuples(MINUTES, st.none() | st.integers(1, 8)), max_size=6),
)
def test_a_roll_back_leaves_the_past_as_it_was_and_goes_to_what_would_have_been_without_it(
    made: list[tuple[str, int]], asked: list[tuple[int, int | None]]
) -> None:
    book = PolicyBook(
        tuple(
            Activation(NOW + timedelta(minutes=at), policy_of(version), None, number)
            for number, (version, at) in enumerate(made, 1)
        )
    )
    for minutes, number in sorted(asked, key=lambda told: told[0]):
        now = NOW + timedelta(minutes=minutes)
        try:
            plan = plan_roll_back(book, now, number)
        except ReleaseRefusedError:
            continue
        never = PolicyBook(tuple(a for a in book.activations if a.number != plan.undoes))
        after = PolicyBook(
            tuple(a._replace(ends_at=plan.starts_at) if a.number == plan.undoes else a for a in book.activations)
        )
        for minute in range(-1, 620, 7):
            at = NOW + timedelta(minutes=minute, seconds=1)
            assert after.at(at).version == (book if at < plan.starts_at else never).at(at).version
        assert after.at(plan.starts_at).version == (plan.version or shipped().version)
        assert plan.starts_at >= now + ROLL_BACK_AHEAD
        book = after


def test_where_nothing_is_in_force_but_the_shipped_policy_nothing_is_rolled_back() -> None:
    assert refusal(lambda: plan_roll_back(PolicyBook(), NOW)) == "nothing_to_undo"
    assert refusal(lambda: plan_roll_back(PolicyBook(), NOW, 1)) == "not_to_be_undone"


def test_of_two_activations_with_one_start_the_later_one_counts() -> None:
    steps = [activated(1, "bureau-1", NOW - HOUR), activated(2, "bureau-2", NOW - HOUR)]
    assert in_force(records("bureau-1", "bureau-2", steps=steps))[0] == "bureau-2"


def test_every_refusal_has_its_words() -> None:
    assert MEANINGS.keys() == set(ReleaseRefusal)
