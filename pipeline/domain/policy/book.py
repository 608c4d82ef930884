"""Which policy was in force when: the ones that were activated, each from its own start on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pipeline.contracts.decision import in_taipei
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import shipped


class Activation(NamedTuple):
    """From `starts_at` on this policy is in force, until the next activation's start."""

    starts_at: datetime
    policy: Policy


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Activations in the order in which people made them: of two with one start the later one counts."""

    activations: Sequence[Activation] = ()

    def at(self, instant: datetime) -> Policy:
        """The policy in force at this instant: the shipped one where nothing was activated, or what was has run out."""
        day = in_taipei(instant).date()
        begun = [a for a in reversed(self.activations) if a.starts_at <= instant and a.policy.may_be_in_force(day)]
        return max(begun, key=lambda a: a.starts_at).policy if begun else shipped()
