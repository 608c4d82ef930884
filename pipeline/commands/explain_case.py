"""Why a case stands where it stands, for people: why here, why now, by when, what would change it."""

import sys
from collections.abc import Iterator, Sequence

import orjson
from pydantic import TypeAdapter

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.commands.decide import ErasedError
from pipeline.commands.explain import Lang, said
from pipeline.contracts.decision import Reason, in_taipei
from pipeline.domain.access import AccessKind
from pipeline.domain.account import Account, Because, Running, Sinking, Stand, account_of
from pipeline.domain.assignment import Assigned
from pipeline.domain.assignment_words import in_words
from pipeline.domain.centres import CentreBook
from pipeline.domain.link_words import Words
from pipeline.domain.parts import Parts
from pipeline.domain.policy.reading import shipped
from pipeline.settings import Settings

_WHAT = {
    "queue": Words("佇列", "queue"),
    "priority": Words("優先順序", "priority"),
    "child_grade": Words("兒少分級", "child grade"),
    "also": Words("同時知會", "also concerns"),
    "tag": Words("註記", "tag"),
    "county": Words("縣市", "county"),
}
_BECAUSE = TypeAdapter(tuple[Because, ...])
_ASSIGNED = TypeAdapter(Assigned | None)


def explain_case(settings: Settings, name: str, lang: Lang, *, as_json: bool) -> None:
    """Raises RulingRefusedError where nothing is known by that name, ErasedError."""
    account, centres = asked(_account(settings, name))
    lines = [_as_json(account, centres)] if as_json else _as_words(account, centres, lang)
    sys.stdout.write("\n".join(lines) + "\n")


async def _account(settings: Settings, name: str) -> tuple[Account, CentreBook]:
    async with wiring.links(settings) as found:
        case = await found.casebook.case_of((await found.rulings.named(name)).reports)
        if case is None:
            raise ErasedError(f"{name} was erased: nothing of it can be opened any more")
        await found.reading.tell(AccessKind.EXPLAINED, case.case_id)
        version = case.judged[0].policy_version
        policy = await found.policies.by_version(version) if version else None
        if policy is None:
            policy = shipped()
            sys.stderr.write(f"note: the policy {version} is not there or not sound; explained by {policy.version}\n")
        return account_of(case, policy), found.terms.now.centres


def _as_json(account: Account, centres: CentreBook) -> str:
    case = account.case
    standing, routing = case.judged
    return orjson.dumps(
        {
            "case_id": str(case.case_id),
            "state": case.state,
            "queue": standing.queue,
            "priority": standing.priority,
            "child_grade": standing.child_grade,
            "county": routing.county,
            "centre": routing.centre,
            "assigned": _ASSIGNED.dump_python(routing.assigned, mode="json"),
            "why_this_centre": [w._asdict() for w in _why_this_centre(account, centres)],
            "score": standing.score,
            "policy_version": account.policy_version,
            "because": _BECAUSE.dump_python(account.because, mode="json"),
            "observed": [r.model_dump() for r in account.observed],
            "assessed": [r.model_dump() for r in account.assessed],
            "clocks": TypeAdapter(tuple[Running, ...]).dump_python(account.clocks, mode="json"),
            "rising": _BECAUSE.dump_python(account.rising, mode="json"),
            "sinking": TypeAdapter(tuple[Sinking, ...]).dump_python(account.sinking, mode="json"),
        }
    ).decode()


def _why_this_centre(account: Account, centres: CentreBook) -> Sequence[Words]:
    assigned = account.case.judged[1].assigned
    return [in_words(why, centres) for why in assigned.why] if assigned else []


def _as_words(account: Account, centres: CentreBook, lang: Lang) -> Iterator[str]:
    case = account.case
    standing, routing = case.judged
    yield f"{said(Words('案件', 'case'), lang)} {case.case_id}   {case.state}"
    yield f"  {standing.queue}   {standing.priority}   {_grade(standing.child_grade, lang)}   {routing.centre}"
    yield f"  {said(Words('政策', 'policy'), lang)} {account.policy_version}"
    yield ""
    yield said(Words("為何在此", "Why here"), lang)
    yield from (_line(because, lang) for because in account.because)
    if standing.said:
        yield (
            f"  {said(Words('有人員決定；通報本身為', 'people decided of it; its reports alone put it at'), lang)}: "
            + _parts(standing.told)
        )
    elif (standing.queue, standing.priority, standing.child_grade) != _told(account.by_now):
        by_policy = said(Words("現有通報依政策為", "by what is told now the policy says"), lang)
        yield f"  {by_policy}: {_parts(account.by_now)}"
        yield f"  {said(Words('先前已升高，通報不使其降低', 'it was raised before; no report lowers it'), lang)}"
    if whys := _why_this_centre(account, centres):
        yield ""
        yield said(Words("為何由這個中心", "Why this centre"), lang)
        yield from (f"  {said(why, lang)}" for why in whys)
    yield ""
    yield f"{said(Words('為何此時：分數', 'Why now: score'), lang)} {standing.score}"
    yield from _reasons(Words("觀察到的事實", "observed facts"), account.observed, lang)
    yield from _reasons(Words("評估的危險指標", "assessed danger"), account.assessed, lang)
    yield ""
    yield said(Words("期限", "By when"), lang)
    for clock in account.clocks:
        yield f"  {in_taipei(clock.due).isoformat(timespec='minutes')}   {said(clock.words, lang)}   ({clock.law})"
    yield ""
    yield said(Words("什麼會改變", "What would change it"), lang)
    yield from (f"  -> {b.to}: {said(b.words, lang)}" for b in account.rising)
    for sinking in account.sinking:
        without = said(Words("若更正此項則降為", "lower if a person corrects this"), lang)
        yield f"  {without} {_parts(sinking.to)}: {said(sinking.told, lang)} ({sinking.field})"
    if not account.rising and not account.sinking:
        yield f"  {said(Words('單一項目不會改變', 'no single thing would'), lang)}"


def _told(stand: Stand) -> tuple[object, ...]:
    return stand.queue, stand.priority, stand.child_grade


def _line(because: Because, lang: Lang) -> str:
    fields = f"   [{', '.join(because.fields)}]" if because.fields else ""
    return f"  {said(_WHAT[because.what], lang)} {because.to or '-'}: {said(because.words, lang)}{fields}"


def _reasons(head: Words, reasons: Sequence[Reason], lang: Lang) -> Iterator[str]:
    if reasons:
        yield f"  {said(head, lang)}"
    for reason in reasons:
        words = Words(reason.zh or reason.code, reason.en or reason.code)
        yield f"   {reason.points:+4d}   {said(words, lang)}   [{reason.field}]"


def _parts(parts: Stand | Parts) -> str:
    grade = f", grade {parts.child_grade}" if parts.child_grade else ""
    return f"{parts.queue}, {parts.priority}{grade}"


def _grade(grade: int | None, lang: Lang) -> str:
    return said(
        Words(f"兒少第{grade}級" if grade else "非兒少", f"child grade {grade}" if grade else "no child grade"), lang
    )
