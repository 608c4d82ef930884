"""THE ONE PAGE: a report's journey, step by step, from the door to a queue topic. Read this first."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.along import Along
from pipeline.adapters.postgres.doorkeeper import Doorkeeper
from pipeline.adapters.postgres.explaining import Explaining
from pipeline.adapters.postgres.notes import Notes
from pipeline.adapters.postgres.noticeboard import Noticeboard
from pipeline.adapters.postgres.people_desk import PeopleDesk
from pipeline.adapters.postgres.sessions import Sessions
from pipeline.adapters.postgres.settlement_writer import SettlementWriter
from pipeline.adapters.vault import seal
from pipeline.contracts.topics import OUTGOING
from pipeline.domain import filing
from pipeline.domain.believing import doubt
from pipeline.domain.cards import card, may_call_out
from pipeline.domain.clocks import start_clocks
from pipeline.domain.conflict import tie_keys
from pipeline.domain.desk import next_stage
from pipeline.domain.erasure import require_answerable
from pipeline.domain.escalation import look
from pipeline.domain.evidence import compare
from pipeline.domain.intake import admit_all
from pipeline.domain.link import sought_keys
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.notices import notices
from pipeline.domain.overrides import override
from pipeline.domain.policy.release import book_of
from pipeline.domain.policy.shadow import differences
from pipeline.domain.route import place
from pipeline.domain.rulings import rule
from pipeline.domain.score import judge
from pipeline.domain.steps import fault_of
from pipeline.domain.told import told_event
from pipeline.domain.transfer import answer
from pipeline.stages.anchor import Anchoring
from pipeline.stages.assess import Assess, Claims
from pipeline.stages.audit import Auditor
from pipeline.stages.feeds import FeedWatch
from pipeline.stages.intake import Gate
from pipeline.stages.notify import Notifying
from pipeline.stages.relay import Relay
from pipeline.stages.watchdog import TimerWatchdog

INTAKE = "intake.*.v1"
"""Every topic of `contracts.topics.INTAKE_PATTERN`."""


class Step(NamedTuple):
    """`decides` is the code to open. `takes` and `gives` are topics (with dots) and tables; a step without any works
    on what the step before it has in memory.
    """

    process: str
    name: str
    asks: str
    decides: Callable[..., object]
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """File and name of the code that decides."""
        file = self.decides.__module__.removeprefix("pipeline.").replace(".", "/")
        return f"{file}.py: {self.decides.__qualname__}"


_REGISTER = ("register_version", "source", "source_key", "source_certificate")
_FOUND_BY = (
    "erased_event",
    *("link_key", "link_edge", "link_tie", "report_version", "report", "incident"),
    *("case_file", "clock", "decision", "case_key"),
)
_SETTLED = (
    "past_home",
    *("stream_cursor", "stream_hole", "attempt", "inbox", "unread_report", "unread_release", "alarm"),
    *("case_file", "case_alias", "incident", "clock", "report", "report_version", "report_original"),
    *("link_key", "link_edge", "link_review", "decision", "case_event", "outbox"),
)
_RULED = (
    "past_home",
    *("ruling", "link_tie", "link_review", "case_file", "case_alias", "incident", "clock", "report", "report_version"),
    *("report_original", "case_event", "outbox"),
)
_POLICIES = ("policy_release", "policy_signer", "policy_signature", "policy_activation", "policy_shadow")
_SHOWN = ("case_file", "incident", "clock", "claim", "report", "case_transfer", "outbox")
_KNOWN_TO_THE_DESK = (
    "erased_event",
    *("ruling", "link_tie", "link_edge", "link_review", "report", "report_version", "incident", "case_file"),
    *("case_alias", "decision", "link_key", "case_key"),
)
_AUDITED = (
    *("stream_cursor", "stream_hole", "inbox", "unread_report", "alarm", "audit_mark", "spool"),
    *("case_file", "incident", "clock", "report", "report_version", "report_original", "decision", "case_event"),
    *("outbox", "relay_mark", "erasure"),
)
_TIMED = ("ticket", "timer", "timer_firing")

FLOW: tuple[Step, ...] = (
    Step("intake", "admit", "Whose token is it, can the event be read, and is the source its own?", admit_all,
         (*_REGISTER, "credential"), ("register_version", "credential")),
    Step("intake", "hand over", "Do all replicas have it? Else: is it sealed on our disk? Only then a receipt.",
         Gate.take, (), (INTAKE, "spool")),
    Step("intake", "answer", "What became of this source's own report?", Doorkeeper.receipt, ("inbox", "case_event")),
    Step("feeds", "bring in", "Is the file whole, and can each of its lines be a report?", FeedWatch.turn,
         _REGISTER, (INTAKE, "alarm")),
    Step("assess", "claim", "Whose partition is this, and where did the database stop?", Claims.given,
         ("stream_cursor", "inbox", "attempt"), ("stream_cursor",)),
    Step("assess", "take", "What is new, partition by partition in turn? Did a worker die over it?", Assess.turn,
         (INTAKE, "attempt"), ("attempt",)),
    Step("assess", "read", "Can it be read at all, and what does it say?", read_event),
    Step("assess", "believe", "Are source, topic and signature right? Else: do two people believe it?",
         doubt, (*_REGISTER, "unread_release")),
    Step("assess", "look up", "Who else may be told of: which IDs, names, births, doors are there?", sought_keys,
         _FOUND_BY, ("case_key",)),
    Step("assess", "choose", "Which policy was in force when it came in? Do two people's signatures hold?", book_of,
         ("history", *_POLICIES), ("alarm",)),
    Step("assess", "compare", "One household? One incident? How much does each field weigh?", compare),
    Step("assess", "file", "Which cases do all pairs together make? What is asked?", filing.file),
    Step("assess", "score", "Which dangers are told of, and how grave and how soon is that?", judge),
    Step("assess", "start clocks", "What is due by law, and when?", start_clocks),
    Step("assess", "route", "Which county and which centre takes it?", place),
    Step("assess", "try", "What would the policy in shadow say? It changes nothing.", differences,
         (), ("shadow_decision",)),
    Step("assess", "tell", "What does the world learn of it, without a name?", notices),
    Step("assess", "seal", "Under which key does what is personal lie?", seal,
         ("wrapping_version",)),
    Step("assess", "settle", "Is the partition still mine? Then all of it, in one transaction.", SettlementWriter.write,
         ("history", "report_original", "link_review", "unread_report"), _SETTLED),
    Step("relay", "publish", "What is settled but not on its topic yet? What had the relay before me sent?", Relay.turn,
         ("outbox", "relay_mark", *OUTGOING), (*OUTGOING, "outbox", "relay_mark", "relay_lease", "alarm")),
    Step("auditor", "audit", "Is what came in settled, whole, and where the database says it is?", Auditor.turn,
         (INTAKE, *OUTGOING, *_AUDITED), ("audit_mark", "stream_hole", "alarm")),
    Step("auditor", "anchor", "Is what was noted of access whole since it was signed last? Then it is signed anew.",
         Anchoring.turn, ("access_event", "access_head", "access_anchor"), ("access_anchor", "alarm")),
    Step("auditor", "keep time", "Is something set to ring for every open case and clock, and does it ring in time?",
         TimerWatchdog.turn, (*_TIMED, "clock_met", "incident", "clock", "alarm"), ("alarm",)),
    Step("watch", "look", "What has waited too long, for whom does it ring, and which steps does the case need?", look,
         (*_TIMED, *_POLICIES, "history", "claim", "case_file", "incident", "clock", "clock_met", "task",
          "notification"),
         ("timer", "timer_firing", "notification", "task", "alarm")),
    Step("desk", "sign in", "Who is it, and in which post? Ten failures lock an account for a while.",
         Sessions.by_password, ("staff", "post", "staff_session", "sign_in_lock"),
         ("staff_session", "sign_in_lock", "oidc_flow")),
    Step("desk", "act", "Who acts, by their session's token? For one transaction, and Postgres narrows all of it.",
         acting_as, ("staff", "post", "staff_session")),
    Step("desk", "show", "Which cases does this post cover, in which nobody of theirs is a party?", PeopleDesk.cases,
         (*_SHOWN, "staff_tie", "link_key", "access_event", "access_head")),
    Step("desk", "handle", "May this person take the case this step further, and do they still hold it?", next_stage,
         ("desk_transition", "ticket", "claim", "clock", "task"),
         ("ticket", "claim", "desk_act", "clock_met", "task", "timer", "case_event", "outbox", "claim_ended")),
    Step("desk", "tell a step", "How was somebody reached, and is what must be told of it told?", fault_of,
         ("incident", "task"), ("case_step",)),
    Step("desk", "note", "Who writes what they learned, and who may read it?", Notes.write,
         ("case_file", "claim", "reveal", "case_key"), ("case_note", "case_key")),
    Step("desk", "ask along", "Who works along, and what do they learn of the case?", Along.ask,
         ("case_file", "ticket", "claim"), ("co_work", "task")),
    Step("watch", "tell", "Who must be told, by which targets? Until they have it, or it is a dead letter.",
         Notifying.turn, ("notification", "delivery"), ("notification", "delivery", "delivery_try", "alarm")),
    Step("desk", "hear", "What was this post told, and does somebody acknowledge it? Else the next rung rings.",
         Noticeboard.acknowledge, ("notification", "delivery"), ("notification",)),
    Step("desk", "call out", "Do the rules of safe contact allow it at this moment? Else: do two people want it?",
         may_call_out, ("case_file", "report_version", "claim", "reveal"), ("call_out",)),
    Step("desk", "explain", "Which fields speak for a link, and which against it?", Explaining.explain,
         ("link_edge", "link_tie", "ruling", "link_review", "report", "incident", "case_file")),
    Step("desk", "open", "Which side's contacts may stand on this card, and which story on it?", card,
         ("case_file", "report_version", "report_original", "claim", "reveal", "case_key"), ("reveal", "claim_ended")),
    Step("desk", "take down", "Who told it by telephone or on paper, and when? Then it goes the way of all.",
         told_event, ("told_report",), (INTAKE, "told_report")),
    Step("desk", "tie", "By what would a report tell of somebody who works here? By command.", tie_keys,
         ("staff", "case_key"), ("staff_tie", "case_key")),
    Step("desk", "rule", "What do people decide of links, and may it sink what stands?", rule,
         (*_REGISTER, "history", "clock", "report_original", *_POLICIES, *_KNOWN_TO_THE_DESK),
         (*_RULED, "alarm")),
    Step("desk", "override", "Who says that it is graver, or, by two, less grave, than its reports tell?", override,
         ("override",), ("override", "override_part")),
    Step("desk", "transfer", "Does the other centre take it? Until then it stays.", answer,
         ("case_transfer",), ("case_transfer",)),
    Step("desk", "erase", "Do two people, or the law, want that nothing personal of it opens any more? By command.",
         require_answerable,
         ("erasure", "case_transfer", "case_file", "case_event", "inbox", "past_home", "staff_tie"),
         ("past_conflict", "erasure", "case_file", "erased_event", "link_key", "link_edge", "link_tie", "link_review",
          "claim", "erasure_record", "erased_owner")),
)  # fmt: skip


def as_table() -> str:
    """The journey as the Markdown table of docs/architecture.md, which a test compares with it."""
    head = "| process | step | what it asks | decided in `pipeline/` | takes from | gives to |\n"
    return f"{head}|---|---|---|---|---|---|\n" + "".join(
        f"| {s.process} | {s.name} | {s.asks} | `{s.place}` | {_listed(s.takes)} | {_listed(s.gives)} |\n" for s in FLOW
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
