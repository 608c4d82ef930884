"""Shows policies: what was proposed, signed and activated, a policy's file, and what one in shadow says."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from pipeline.adapters.postgres.releases import Now, Releases, Shadow
from pipeline.adapters.probes import asked
from pipeline.adapters.signing import shown, verify
from pipeline.commands.policy_release import when, with_releases
from pipeline.data import deployed
from pipeline.domain.policy.book import PolicyBook
from pipeline.domain.policy.reading import SHIPPED, shipped
from pipeline.domain.policy.release import SIGNERS_MIN, Refused, book_of, signed_by
from pipeline.domain.policy.release_records import Kind, Release, Step
from pipeline.domain.policy.release_refusals import ReleaseRefusal, refused
from pipeline.domain.policy.release_steps import release_of
from pipeline.domain.policy.shadow import Tally
from pipeline.settings import Settings


def show_all(settings: Settings, *, as_json: bool) -> None:
    now = asked(with_releases(settings, lambda book: book.now()))
    book, doubts = book_of(now.records, verify)
    if as_json:
        for told in _as_objects(now, book, doubts):
            sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    else:
        sys.stdout.write("\n".join(_in_words(now, book, doubts)) + "\n")


def _in_words(now: Now, book: PolicyBook, doubts: tuple[Refused, ...]) -> Iterator[str]:
    for release in now.records.releases.values():
        yield from _release_in_words(now, release)
    for step in now.records.steps:
        yield _step_in_words(now, step)
    for signer in now.records.signers.values():
        until = f", revoked {when(signer.revoked_at)}" if signer.revoked_at else ""
        yield f"signer {signer.staff} since {when(signer.registered_at)}{until}  {shown(signer.public_key)}"
    if now.shadow and now.shadow.until is None:
        yield f"in shadow since {when(now.shadow.since)}: {now.shadow.version}"
    for subject, why in doubts:
        yield f"NOT USED: {subject}: {why}"
    yield f"in force now: {_in_force(now, book)}"


def _release_in_words(now: Now, release: Release) -> Iterator[str]:
    yield f"{release.version}  SHA-256 {release.digest}"
    note = f": {release.note}" if release.note else ""
    yield f"  proposed by {release.proposed_by} at {when(release.proposed_at)}{note}"
    signers = [signer.staff for signer in signed_by(now.records, release, verify)]
    told = ", ".join(signers) or "nobody"
    missing = "" if len(signers) >= SIGNERS_MIN else f"; {SIGNERS_MIN - len(signers)} more needed"
    yield f"  signed by {told}{missing}"


def _step_in_words(now: Now, step: Step) -> str:
    people = f"by {step.activated_by} and {step.seconded_by}"
    if step.kind is Kind.ROLL_BACK:
        back = step.version or "the shipped policy"
        ends = f"ends activation {step.undoes} at {when(step.starts_at)}"
        return f"roll-back {step.number}: {ends}, back to {back}, {people}"
    state = "from" if step.starts_at <= now.now else "planned from"
    return f"activation {step.number}: {step.version} {state} {when(step.starts_at)}, {people}"


def _in_force(now: Now, book: PolicyBook) -> str:
    activation = book.activation_at(now.now)
    if activation is None:
        return f"{shipped().version}, the shipped policy"
    return f"{activation.policy.version}, by activation {activation.number}, since {when(activation.starts_at)}"


def _as_objects(now: Now, book: PolicyBook, doubts: tuple[Refused, ...]) -> Iterator[Mapping[str, Any]]:
    for release in now.records.releases.values():
        signers = [signer.staff for signer in signed_by(now.records, release, verify)]
        yield {
            "what": "release",
            "version": release.version,
            "digest": release.digest,
            "proposed_by": release.proposed_by,
            "proposed_at": release.proposed_at,
            "note": release.note,
            "signed_by": signers,
        }
    for step in now.records.steps:
        yield {
            "what": step.kind,
            "number": step.number,
            "version": step.version,
            "starts_at": step.starts_at,
            "by": [step.activated_by, step.seconded_by],
            "undoes": step.undoes,
        }
    for doubt in doubts:
        yield {"what": "not_used", "subject": doubt.subject, "why": doubt.why}
    activation = book.activation_at(now.now)
    policy = activation.policy if activation else shipped()
    number = activation.number if activation else None
    yield {"what": "in_force", "version": policy.version, "digest": policy.digest, "activation": number}


def show_file(settings: Settings, version: str | None) -> None:
    """The file of this release, or of the policy in force."""
    now = asked(with_releases(settings, lambda book: book.now()))
    if version is None:
        version = book_of(now.records, verify)[0].at(now.now).version
    if version == shipped().version and version not in now.records.releases:
        sys.stdout.write(deployed("policy").joinpath(SHIPPED).read_text("utf-8"))
    else:
        sys.stdout.write(release_of(now.records, version).file)


def begin_shadow(settings: Settings, version: str) -> None:
    asked(with_releases(settings, lambda book: book.begin_shadow(version)))
    sys.stdout.write(
        f"{version} judges every report from now on beside the policy in force, without effect\n"
        "`anwang policy shadow` shows what it says otherwise\n"
    )


def end_shadow(settings: Settings, version: str | None) -> None:
    ended = asked(with_releases(settings, lambda book: book.end_shadow(version)))
    sys.stdout.write(f"{ended} judges no more beside; what it said is kept\n")


def show_shadow(settings: Settings, *, as_json: bool) -> None:
    """Of the release that runs in shadow, else of the one that did last."""

    async def act(book: Releases) -> tuple[Shadow, Tally]:
        shadow = (await book.now()).shadow
        if shadow is None:
            raise refused(ReleaseRefusal.NO_SHADOW)
        return shadow, await book.tally(shadow.version)

    shadow, tally = asked(with_releases(settings, act))
    if as_json:
        for name, how, moved in tally.rows():
            told = {"what": name, "how": how, "reports": moved.reports, "such_as": list(moved.such_as)}
            sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    else:
        sys.stdout.write("\n".join(_tally_in_words(shadow, tally)) + "\n")


def _tally_in_words(shadow: Shadow, tally: Tally) -> Iterator[str]:
    until = f" until {when(shadow.until)}" if shadow.until else ""
    yield f"{shadow.version} in shadow since {when(shadow.since)}{until}"
    yield f"reports judged beside: {tally.judged:,}; of them otherwise: {tally.otherwise:,}"
    if tally.failed:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(tally.failed.items()))
        yield f"could not be judged: {tally.failed.total():,} ({kinds})"
    if tally.moves:
        yield f"{'what':<22} {'how':<24} {'reports':>8}  such as"
    for name, how, moved in tally.rows():
        yield f"{name:<22} {how:<24} {moved.reports:>8,}  {' '.join(moved.such_as)}"
