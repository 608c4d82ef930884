"""What a decision is made under, beside what reports tell: all that a bureau may change, as it stood at that moment."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Terms:
    """`policy` is the one in force at `at`, when the newest report was received."""

    policy: Policy
    at: datetime
