"""Makes a decision again from its receipt and says whether it is the same, or why it cannot be made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pipeline.contracts.decision import Decision
from pipeline.domain.facts import Facts
from pipeline.domain.policy.policy import Policy
from pipeline.domain.receipt import Receipt, again, digest_of
from pipeline.domain.terms import TermsBook
from pipeline.domain.weights import weights


class Verdict(StrEnum):
    """Same: every byte. Other: it comes out otherwise. The rest could not be made: no receipt of this form, other
    weights or another directory are loaded, the policy is not there, or what it read was erased since.
    """

    SAME = "same"
    OTHER = "other"
    NO_RECEIPT = "no_receipt"
    OTHER_WEIGHTS = "other_weights"
    OTHER_DIRECTORY = "other_directory"
    POLICY_MISSING = "policy_missing"
    READ_ERASED = "read_erased"


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision as it is stored. `receipt` is None where an earlier release wrote less than all that it read."""

    event_key: UUID
    decision: Decision
    decided_at: datetime
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Again:
    """`differences` are the fields that come out otherwise: what stands, and what came now."""

    event_key: UUID
    verdict: Verdict
    stored: Decision
    made: Decision | None = None
    differences: tuple[tuple[str, Any, Any], ...] = ()


def decided_again(kept: Kept, facts: Mapping[UUID, Facts], policy: Policy | None, terms: TermsBook) -> Again:
    """`policy` is the one that the receipt names, or another to try out; of `terms` only the directory is taken."""
    stored, receipt, event_key = kept.decision, kept.receipt, kept.event_key
    obstacle = _obstacle(receipt, facts, policy, terms)
    if obstacle or receipt is None or policy is None:
        return Again(event_key, obstacle or Verdict.NO_RECEIPT, stored)
    made = again(receipt, facts, policy, terms).decision
    shown = made.model_copy(update={"event_id": stored.event_id})
    if digest_of(made) == receipt.digest and shown == stored:
        return Again(event_key, Verdict.SAME, stored, shown)
    return Again(event_key, Verdict.OTHER, stored, shown, tuple(_differences(stored, shown)))


def _obstacle(
    receipt: Receipt | None, facts: Mapping[UUID, Facts], policy: Policy | None, terms: TermsBook
) -> Verdict | None:
    """Why it cannot be made again."""
    if receipt is None:
        return Verdict.NO_RECEIPT
    found = {
        Verdict.OTHER_WEIGHTS: receipt.versions.weights != weights().edition,
        Verdict.OTHER_DIRECTORY: receipt.versions.directory != terms.centres.edition,
        Verdict.POLICY_MISSING: policy is None,
        Verdict.READ_ERASED: not receipt.reads <= facts.keys(),
    }
    return next((verdict for verdict, is_there in found.items() if is_there), None)


def _differences(stored: Decision, made: Decision) -> Iterator[tuple[str, Any, Any]]:
    """Of reasons only the codes with their points: their words are the policy's."""
    old, new = (_plain(d.model_dump(mode="json")) for d in (stored, made))
    return ((name, old[name], new[name]) for name in old if old[name] != new[name])


def _plain(dumped: dict[str, Any]) -> dict[str, Any]:
    return {**dumped, "reasons": {f"{r['code']} ({r['field']})": r["points"] for r in dumped["reasons"]}}
