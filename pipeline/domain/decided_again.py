"""Makes a decision again from its receipt and says whether it is the same, or why it cannot be made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from pipeline.contracts.decision import Decision
from pipeline.domain.facts import Facts
from pipeline.domain.policy.policy import Policy
from pipeline.domain.receipt import Receipt, again, digest_of
from pipeline.domain.weights import weights


class Verdict(StrEnum):
    """Same: every byte. Other: it comes out otherwise. The rest could not be made: no receipt of this form, other
    weights are loaded, the policy is not there, or what it read was erased since.
    """

    SAME = "same"
    OTHER = "other"
    NO_RECEIPT = "no_receipt"
    OTHER_WEIGHTS = "other_weights"
    POLICY_MISSING = "policy_missing"
    READ_ERASED = "read_erased"


@dataclass(frozen=True, slots=True)
class Again:
    """`differences` are the fields that come out otherwise: what stands, and what came now."""

    event_key: UUID
    verdict: Verdict
    stored: Decision
    made: Decision | None = None
    differences: tuple[tuple[str, Any, Any], ...] = ()


def decided_again(
    stored: Decision, receipt: Receipt | None, facts: Mapping[UUID, Facts], policy: Policy | None, event_key: UUID
) -> Again:
    """`policy` is the one that the receipt names, or another to try out."""
    if receipt is None:
        return Again(event_key, Verdict.NO_RECEIPT, stored)
    if receipt.versions.weights != weights().version:
        return Again(event_key, Verdict.OTHER_WEIGHTS, stored)
    if policy is None:
        return Again(event_key, Verdict.POLICY_MISSING, stored)
    if not receipt.reads <= facts.keys():
        return Again(event_key, Verdict.READ_ERASED, stored)
    made = again(receipt, facts, policy).decision
    shown = made.model_copy(update={"event_id": stored.event_id})
    if digest_of(made) == receipt.digest and shown == stored:
        return Again(event_key, Verdict.SAME, stored, shown)
    return Again(event_key, Verdict.OTHER, stored, shown, tuple(_differences(stored, shown)))


def _differences(stored: Decision, made: Decision) -> Iterator[tuple[str, Any, Any]]:
    """Of reasons only the codes with their points: their words are the policy's."""
    old, new = (_plain(d.model_dump(mode="json")) for d in (stored, made))
    return ((name, old[name], new[name]) for name in old if old[name] != new[name])


def _plain(dumped: dict[str, Any]) -> dict[str, Any]:
    return {**dumped, "reasons": {f"{r['code']} ({r['field']})": r["points"] for r in dumped["reasons"]}}
