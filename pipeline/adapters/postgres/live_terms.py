"""What decisions are made under, while it may change: the one way in which all who decide see an activation."""

from pipeline.adapters.postgres.database import with_retries
from pipeline.adapters.postgres.policies import InForce, Policies
from pipeline.domain.centres import CentreBook
from pipeline.domain.terms import TermsBook


class LiveTerms:
    """As of the last look at the policies, whoever made it. The directory stays as it was read."""

    def __init__(self, policies: Policies, centres: CentreBook) -> None:
        self._policies = policies
        self._now = TermsBook(policies.known, centres)

    @property
    def now(self) -> TermsBook:
        """As of the last look."""
        book = self._policies.known
        if book is not self._now.policies:
            self._now = TermsBook(book, self._now.centres)
        return self._now

    async def look(self) -> InForce:
        """One look, tried once. Raises what the database raises; what was known stays known."""
        return await self._policies.look()

    async def refresh(self) -> None:
        """As `look`, tried again while the database is away. Raises UnavailableError."""
        await with_retries(self.look)
