"""Every metric that there is, declared here once. Labels are words of ours, bounded in number, never a person's."""

import re

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

import pipeline

BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_MESSAGES = (1, 2, 5, 10, 20, 50, 100, 200)
DELAY_SECONDS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
CODES_MAX = 64
OTHER = "other"

_CODE = re.compile(r"[a-z][a-z0-9_.]{0,63}")


class Codes:
    """The values that one label may take: those that look like a code of ours, at most 64; any other is `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def bounded(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= CODES_MAX or not _CODE.fullmatch(value):
                return OTHER
            self._known.add(value)
        return value


class Metrics:
    """The metrics of one process, in a registry of their own. A name that is not declared here does not exist."""

    def __init__(self, process: str) -> None:
        r = self.registry = CollectorRegistry()
        ProcessCollector(registry=r)
        GCCollector(registry=r)
        self.up = Gauge("anwang_up", "1 while the process runs", ["process", "version"], registry=r)
        self.ready = Gauge("anwang_ready", "1 while the process can do its work", registry=r)
        self.beat_age = Gauge("anwang_beat_age_seconds", "Since the loop last came round", registry=r)
        self.claims = Counter("anwang_claims", "Partitions that this process took over", registry=r)
        self.settled = Counter("anwang_settled", "Messages settled by this process", ["outcome"], registry=r)
        self.batch_seconds = Histogram(
            "anwang_batch_seconds", "From taking messages to their settlement", buckets=BATCH_SECONDS, registry=r
        )
        self.batch_messages = Histogram(
            "anwang_batch_messages", "Messages settled at once", buckets=BATCH_MESSAGES, registry=r
        )
        self.arrival_to_settled = Histogram(
            "anwang_arrival_to_settled_seconds", "From the broker to the database", buckets=DELAY_SECONDS, registry=r
        )
        self.settled_to_queue = Histogram(
            "anwang_report_to_queue_seconds", "From the database to the topic", buckets=DELAY_SECONDS, registry=r
        )
        self.published = Counter("anwang_published", "Messages published by this process", ["topic"], registry=r)
        self.taken = Counter("anwang_intake_taken", "Reports taken in by HTTP", ["kind"], registry=r)
        self.answers = Counter("anwang_intake_answers", "Answers of the HTTP intake", ["status"], registry=r)
        self.answer_seconds = Histogram(
            "anwang_intake_answer_seconds", "From a request to its answer", buckets=DELAY_SECONDS, registry=r
        )
        self.refused = Counter("anwang_intake_refused", "Refusals of the HTTP intake", ["code"], registry=r)
        self.unread = Counter("anwang_unread", "Messages set aside for a person", ["outcome", "code"], registry=r)
        self.spooled = Gauge("anwang_intake_spooled", "Reports on disk that wait for the broker", registry=r)
        self.notifications = Counter(
            "anwang_notifications", "Tries to tell somebody of a case", ["channel", "outcome"], registry=r
        )
        self.notification_seconds = Histogram(
            "anwang_notification_seconds",
            "From what must be told until somebody has it",
            buckets=DELAY_SECONDS,
            registry=r,
        )
        self.alarms = Counter("anwang_alarms", "Alarms raised by this process", ["code"], registry=r)
        self.rings = Counter("anwang_desk_rings", "Rungs of the desk that rang", ["kind", "code"], registry=r)
        self.ring_late = Histogram(
            "anwang_desk_ring_late_seconds",
            "From when a rung was to ring to its ringing",
            buckets=DELAY_SECONDS,
            registry=r,
        )
        self.lapsed = Counter("anwang_desk_lapsed", "Claims given back after silence", registry=r)
        self.armed_again = Counter(
            "anwang_desk_armed_again", "Timers that were missing and were set again", ["kind"], registry=r
        )
        self.log_dropped = Counter("anwang_log_dropped", "Parts of log lines that were not declared", registry=r)
        self.ledger = LedgerMetrics()
        self.timekeeping = TimekeepingMetrics()
        self.up.labels(process, pipeline.__version__).set(1)


class LedgerMetrics:
    """What the auditor has counted. Shown by `show_in` once there is something to show: of a process that counts
    nothing, zeros would say that nothing came in.
    """

    def __init__(self) -> None:
        self.received = _gauge("received", "Messages on the intake topics")
        self.settled = _gauge("settled", "Messages in the inbox", "outcome")
        self.spooled = _gauge("spooled", "Reports on the disks of gateways, not on a topic yet")
        self.in_flight = _gauge("in_flight", "Messages not settled yet")
        self.lost = _gauge("lost", "Messages below a cursor that were never settled")
        self.unpublished = _gauge("unpublished", "Settled, but not on their topic yet")
        self.oldest_unsettled = _gauge("oldest_unsettled_seconds", "Age of the oldest message not settled yet")
        self.unread_open = _gauge("unread_open", "Unread reports that wait for a person")
        self.unread_overdue = _gauge("unread_overdue", "Those past their hour")
        self.findings = _gauge("findings", "Open alarms of the auditor", "code")
        self.balanced = _gauge("balanced", "1 while every message is accounted for")
        self.audited_at = _gauge("audited_at_seconds", "When the auditor last looked")
        self._shown = False

    def show_in(self, registry: CollectorRegistry) -> None:
        if not self._shown:
            self._shown = True
            for gauge in (g for g in vars(self).values() if isinstance(g, Gauge)):
                registry.register(gauge)


class TimekeepingMetrics:
    """What the auditor has found of the desk's timers; shown as those of the ledger are."""

    def __init__(self) -> None:
        self.unarmed = Gauge(
            "anwang_desk_unarmed", "Open cases and clocks for which nothing is set", ["kind"], registry=None
        )
        self.oldest = Gauge("anwang_desk_overdue_seconds", "How long the most overdue timer waits", registry=None)
        self.p99 = Gauge("anwang_desk_late_seconds", "How late the rungs of ten minutes rang", registry=None)
        self._shown = False

    def show_in(self, registry: CollectorRegistry) -> None:
        if not self._shown:
            self._shown = True
            for gauge in (self.unarmed, self.oldest, self.p99):
                registry.register(gauge)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"anwang_ledger_{name}", text, labels, registry=None)
