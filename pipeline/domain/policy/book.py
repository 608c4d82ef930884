"""Which policy was in force when: the ones that were activated, each from its own start on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pipeline.contracts.decision import in_taipei
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import shipped


class Activation(NamedTuple):
    """From `starts_at` on this policy is in force, until the next activation's start or until it is rolled back, at
    `ends_at`. `number` is its own.
    """

    starts_at: datetime
    policy: Policy
    ends_at: datetime | None = None
    number: int = 0

    def covers(self, instant: datetime) -> bool:
        has_begun = self.starts_at <= instant and (self.ends_at is None or instant < self.ends_at)
        return has_begun and self.policy.may_be_in_force(in_taipei(instant).date())


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Activations in the order in which people made them: of two with one start the later one counts."""

    activations: Sequence[Activation] = ()

    def at(self, instant: datetime) -> Policy:
        """The policy in force at this instant: the shipped one where none was activated, or what was has run out."""
        activation = self.activation_at(instant)
        return activation.policy if activation else shipped()

    def activation_at(self, instant: datetime) -> Activation | None:
        """The activation by which a policy is in force at this instant; None where it is the shipped one."""
        begun = [a for a in reversed(self.activations) if a.covers(instant)]
        return max(begun, key=lambda a: a.starts_at, default=None)
