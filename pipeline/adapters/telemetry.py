"""Where the stages say what they did: metrics and log lines, nothing personal in either."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pipeline.adapters.log_fields import Event
from pipeline.adapters.logs import Log
from pipeline.adapters.metrics import OTHER, Codes, Metrics
from pipeline.contracts.messages import Stream
from pipeline.contracts.topics import OUTGOING
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Accepted, Claim, Unread
from pipeline.domain.escalation import Firing
from pipeline.domain.ledger import LedgerState
from pipeline.domain.timekeeping import Timekeeping

SAY_EVERY_S = 60.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class Telemetry:
    """Keeps the promises of `Telling` for one process."""

    def __init__(self, process: str, log_level: str, now: Callable[[], datetime] = utc_now) -> None:
        self.metrics = Metrics(process)
        self.log = Log(process, log_level, dropped=self.metrics.log_dropped.inc)
        self._codes = Codes()
        self._audited_at = -SAY_EVERY_S
        self._balanced = True
        self._now = now

    def claimed(self, stream: Stream, claim: Claim) -> None:
        self.metrics.claims.inc()
        self.log.info(
            Event.CLAIMED,
            topic=stream.topic,
            partition=stream.partition,
            epoch=claim.epoch,
            next_offset=claim.next_offset,
        )

    def settled(self, counts: Mapping[Outcome, int], items: Sequence[Accepted | Unread]) -> None:
        for outcome, count in counts.items():
            self.metrics.settled.labels(outcome).inc(count)
        now = self._now()
        for item in items:
            self.metrics.arrival_to_settled.observe(max(0.0, (now - item.message.arrived_at).total_seconds()))
            if isinstance(item, Unread):
                self._unread(item)
        self.log.debug(Event.SETTLED, settled=counts, messages=len(items))

    def _unread(self, item: Unread) -> None:
        at = item.message.at
        self.metrics.unread.labels(item.kind, self._codes.bounded(item.code)).inc()
        self.log.warning(
            Event.UNREAD, outcome=item.kind, code=item.code, topic=at.topic, partition=at.partition, offset=at.offset
        )

    def turned(self, messages: int, took_s: float) -> None:
        """One turn of a loop took up so many messages, in so many seconds; an idle turn is not counted."""
        if messages:
            self.metrics.batch_messages.observe(messages)
            self.metrics.batch_seconds.observe(took_s)

    def published(self, counts: Mapping[str, int]) -> None:
        for topic, count in counts.items():
            self.metrics.published.labels(topic if topic in OUTGOING else OTHER).inc(count)
        self.log.debug(Event.PUBLISHED, published=counts)

    def taken(self, kind: str, posts: int) -> None:
        """So many reports of sources of this kind were taken in by HTTP."""
        self.metrics.taken.labels(self._codes.bounded(kind.replace("-", "_"))).inc(posts)

    def answered(self, status: int, took_s: float) -> None:
        self.metrics.answers.labels(str(status)).inc()
        self.metrics.answer_seconds.observe(took_s)

    def refused(self, code: str) -> None:
        """The HTTP intake refused something for this reason."""
        self.metrics.refused.labels(self._codes.bounded(code)).inc()
        self.log.info(Event.REFUSED, code=code)

    def spooled(self, waiting: int) -> None:
        """So many reports wait on this machine's disk for the broker."""
        self.metrics.spooled.set(waiting)

    def delivered(self, written_at: Iterable[datetime]) -> None:
        """Messages that were written into the outbox at these times are on their topic now."""
        now = self._now()
        for written in written_at:
            self.metrics.settled_to_queue.observe(max(0.0, (now - written).total_seconds()))

    def audited(self, ledger: LedgerState) -> None:
        m = self.metrics.ledger
        for outcome in Outcome:
            m.settled.labels(outcome).set(ledger.settled.get(outcome, 0))
        m.received.set(ledger.received)
        m.in_flight.set(ledger.in_flight)
        m.spooled.set(ledger.spooled)
        m.lost.set(ledger.lost)
        m.unpublished.set(ledger.unpublished)
        m.oldest_unsettled.set(ledger.oldest_unsettled_s)
        m.unread_open.set(ledger.unread_open)
        m.unread_overdue.set(ledger.unread_overdue)
        m.balanced.set(ledger.balances)
        m.audited_at.set(self._now().timestamp())
        m.findings.clear()
        for code, count in ledger.findings.items():
            m.findings.labels(self._codes.bounded(code)).inc(count)
        m.show_in(self.metrics.registry)
        self._tell(ledger)

    def _tell(self, ledger: LedgerState) -> None:
        """Once a minute, and at once when it begins or ceases to balance."""
        if ledger.balances == self._balanced and time.monotonic() - self._audited_at < SAY_EVERY_S:
            return
        self._audited_at, self._balanced = time.monotonic(), ledger.balances
        say = self.log.info if ledger.balances else self.log.warning
        say(
            Event.AUDITED,
            received=ledger.received,
            settled=ledger.settled,
            in_flight=ledger.in_flight,
            spooled=ledger.spooled,
            lost=ledger.lost,
            unpublished=ledger.unpublished,
            oldest_unsettled_s=round(ledger.oldest_unsettled_s, 3),
            unread_open=ledger.unread_open,
            unread_overdue=ledger.unread_overdue,
            findings=ledger.findings,
            balanced=ledger.balances,
        )

    def rang(self, firings: Sequence[Firing]) -> None:
        for firing in firings:
            self.metrics.rings.labels(firing.kind, firing.code).inc()
            self.metrics.ring_late.observe(max(0.0, firing.late.total_seconds()))

    def lapsed(self, claims: int) -> None:
        """So many claims were given back because their holders showed no sign of life."""
        self.metrics.lapsed.inc(claims)

    def armed_again(self, timers: Mapping[str, int]) -> None:
        """So many timers were missing, by kind, and are set again."""
        for kind, found in timers.items():
            self.metrics.armed_again.labels(self._codes.bounded(kind)).inc(found)

    def notified(self, channel: str, outcome: str, waited_s: float | None) -> None:
        """A try to tell somebody ended so; `waited_s` after it was to be told, where it arrived."""
        self.metrics.notifications.labels(self._codes.bounded(channel), self._codes.bounded(outcome)).inc()
        if waited_s is not None:
            self.metrics.notification_seconds.observe(max(0.0, waited_s))

    def timed(self, timekeeping: Timekeeping) -> None:
        """What the auditor found of the desk's timers."""
        m = self.metrics.timekeeping
        m.unarmed.labels("case").set(len(timekeeping.cases))
        m.unarmed.labels("clock").set(len(timekeeping.clocks))
        m.oldest.set(timekeeping.oldest_s)
        m.p99.set(timekeeping.p99_s)
        m.show_in(self.metrics.registry)

    def alarm(self, code: str, subject: str) -> None:
        self.metrics.alarms.labels(self._codes.bounded(code)).inc()
        self.log.error(Event.ALARM, code=code, subject=subject)
