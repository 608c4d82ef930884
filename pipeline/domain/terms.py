"""What a decision is made under, beside what reports tell: all that a bureau may change, as it stood at that moment."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from pipeline.data import deployed
from pipeline.domain.centre_files import FILES, read_book
from pipeline.domain.centres import CentreBook, Load
from pipeline.domain.policy.book import PolicyBook
from pipeline.domain.policy.policy import Policy

NO_LOAD: Load = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Terms:
    """`policy` is the one in force at `at`, when the newest report was received; `centres` the directory, closed on the
    policy's holidays; `load` how many open cases each centre has.
    """

    policy: Policy
    centres: CentreBook
    at: datetime
    load: Load = field(default_factory=lambda: NO_LOAD)


@dataclass(frozen=True, slots=True)
class TermsBook:
    """Everything that terms are taken from: the policies with their times, and the directory."""

    policies: PolicyBook
    centres: CentreBook
    _open: dict[str, CentreBook] = field(default_factory=dict, repr=False)

    def at(self, instant: datetime, load: Load = NO_LOAD) -> Terms:
        return self.under(self.policies.at(instant), instant, load)

    def under(self, policy: Policy, instant: datetime, load: Load = NO_LOAD) -> Terms:
        """By this policy, whatever is in force."""
        if policy.digest not in self._open:
            self._open[policy.digest] = self.centres.closed_on(policy.calendar.off)
        return Terms(policy, self._open[policy.digest], instant, load)


@lru_cache(maxsize=1)
def shipped_centres() -> CentreBook:
    """The directory as it is shipped."""
    folder = deployed("directory")
    return read_book({name: folder.joinpath(name).read_text("utf-8") for name in FILES})


@lru_cache(maxsize=1)
def shipped_terms() -> TermsBook:
    """The shipped policy and directory."""
    return TermsBook(PolicyBook(), shipped_centres())
