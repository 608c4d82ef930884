"""Makes the decisions of a case again from what each of them read."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.commands.policy_file import policy_of
from pipeline.domain.access import AccessKind
from pipeline.domain.decided_again import Again, Verdict, decided_again
from pipeline.domain.policy.policy import Policy
from pipeline.errors import AnwangError
from pipeline.settings import Settings

SAID = {
    Verdict.SAME: "the same bytes",
    Verdict.OTHER: "comes out otherwise",
    Verdict.NO_RECEIPT: "cannot be made again: an earlier release kept less than it read",
    Verdict.OTHER_WEIGHTS: "cannot be made again: other weights are loaded than it was made by (see weights_file)",
    Verdict.OTHER_DIRECTORY: "cannot be made again: another directory is loaded than it was made by (directory_dir)",
    Verdict.POLICY_MISSING: "cannot be made again: its policy is no release of this database",
    Verdict.READ_ERASED: "cannot be made again: a report that it read was erased since",
}


class ErasedError(AnwangError):
    """The case was erased: nothing of it can be opened any more."""


def decide_again(settings: Settings, case: str, policy: Path | None, *, as_json: bool) -> bool:
    """Whether every decision came out as it stands. With `policy`, shows what that one would have decided of the same
    facts; then differences are no fault. Raises RulingRefusedError, ErasedError, PolicyRefusedError.
    """
    other = policy_of(policy) if policy else None
    found = asked(_made_again(settings, case, other))
    lines = _as_json(found) if as_json else _as_words(found, other)
    sys.stdout.write("\n".join(lines) + "\n")
    return other is not None or all(one.verdict is Verdict.SAME for one in found)


async def _made_again(settings: Settings, case: str, other: Policy | None) -> list[Again]:
    async with wiring.links(settings) as found:
        named = await found.rulings.named(case)
        home = await found.casebook.case_of(named.reports)
        kept = await found.receipts.of_case(home.case_id) if home else None
        if kept is None:
            raise ErasedError(f"{case} was erased: nothing of it can be opened any more")
        if home:
            await found.reading.tell(AccessKind.DECIDED_AGAIN, home.case_id)
        made = []
        for one in kept:
            facts = await found.receipts.facts(one.receipt.reads) if one.receipt else {}
            policy = other
            if policy is None and one.receipt:
                policy = await found.policies.by_digest(one.receipt.versions.policy_digest)
            made.append(decided_again(one, facts, policy, found.terms.now))
        return made


def _as_json(found: Sequence[Again]) -> Iterator[str]:
    for one in found:
        told: Mapping[str, Any] = {
            "event_id": one.stored.event_id,
            "verdict": one.verdict,
            "differences": [{"field": f, "stands": a, "came": b} for f, a, b in one.differences],
            "decision": one.made.model_dump(mode="json") if one.made else None,
        }
        yield orjson.dumps(told).decode()


def _as_words(found: Sequence[Again], other: Policy | None) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for one in found:
        made_by = other.version if other else one.stored.policy_version
        differences = [d for d in one.differences if other is None or d[0] != "policy_version"]
        said = SAID[one.verdict]
        if other and one.made:
            said = "decides otherwise" if differences else "decides the same"
        yield f"{one.stored.event_id}   {one.stored.outcome}   by {made_by}: {said}"
        yield from (f"    {field}: {_shown(stands)} -> {_shown(came)}" for field, stands, came in differences)
        counts[said] += 1
    yield f"{len(found)} decisions made again: " + ", ".join(f"{n} {said}" for said, n in counts.items())


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "nothing"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)
