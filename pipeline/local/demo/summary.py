"""How a demo ended: for a person, and as one JSON object."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.contracts.vocabulary import Outcome
from pipeline.local.demo.picture import Delay
from pipeline.local.demo.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Summary:
    """`asked` is how many reports should have gone through, `reports` how many different ones were acknowledged. The
    verifier counts messages: what a killed sender sent again counts twice there. `alarms` are the auditor's.
    """

    asked: int
    reports: int
    interrupted: bool
    verdict: Verdict
    alarms: Mapping[str, int]
    audited: bool
    given_up: str | None
    delay: Delay
    per_s: float
    took_s: float
    first_row_s: float | None
    memory_mib: Mapping[str, int]
    restarts: Mapping[str, int]

    @property
    def complete(self) -> bool:
        return self.interrupted or self.reports == self.asked

    @property
    def balanced(self) -> bool:
        """All that was sent is settled, the verifier agrees, the auditor has looked at all of it and found nothing."""
        kept = self.verdict.agrees and not self.verdict.lost and not self.verdict.in_flight
        return kept and self.complete and self.audited and not self.alarms and self.given_up is None

    def as_json(self) -> str:
        verdict = self.verdict
        return json.dumps(
            {
                "balanced": self.balanced,
                "reports": self.reports,
                "received": verdict.received,
                "settled": {o.value: verdict.settled.get(o, 0) for o in Outcome},
                "in_flight": verdict.in_flight,
                "lost": verdict.lost,
                "dead_letters": verdict.settled.get(Outcome.DEAD_LETTER, 0),
                "reports_per_s": round(self.per_s, 1),
                "report_to_queue_ms": {"p50": self.delay.p50_ms, "p99": self.delay.p99_ms},
                "seconds_to_first_row": None if self.first_row_s is None else round(self.first_row_s, 1),
                "seconds": round(self.took_s, 1),
                "cases": verdict.cases,
                "outgoing_records": verdict.records,
                "doubles": verdict.doubles,
                "interrupted": self.interrupted,
                "given_up": self.given_up,
                "restarts": dict(self.restarts),
                "memory_mib": dict(self.memory_mib),
                "verifier": {"looked": verdict.looked, "findings": list(verdict.findings)},
                "auditor": {"looked_at_all": self.audited, "alarms": dict(self.alarms)},
            }
        )

    def as_text(self) -> str:
        verdict = self.verdict
        became = ", ".join(f"{verdict.settled[o]:,} {o.value}" for o in Outcome if verdict.settled.get(o))
        memory = ", ".join(f"{name} {mib}" for name, mib in self.memory_mib.items())
        restarted = ", ".join(f"{name} {count}×" for name, count in self.restarts.items() if count) or "none"
        first = "never" if self.first_row_s is None else f"after {self.first_row_s:.1f} s"
        lines = [
            f"{self.reports:,} invented reports in {self.took_s:.0f} s, {self.per_s:,.0f} a second",
            f"  ledger      {self._ledger()}",
            f"  became      {became or 'nothing'}; {verdict.cases:,} cases",
            f"  to a queue  p50 {self.delay.p50_ms:,.0f} ms, p99 {self.delay.p99_ms:,.0f} ms; the first row {first}",
            f"  verifier    {self._verifier()}",
            f"  auditor     {self._auditor()}",
            f"  restarted   {restarted}",
            f"  memory MiB  {memory}",
        ]
        if self.given_up:
            lines.append(f"  given up    {self.given_up}")
        lines.append("The ledger balances." if self.balanced else "THE LEDGER DOES NOT BALANCE.")
        return "\n".join(lines)

    def _ledger(self) -> str:
        said = self.verdict
        settled = sum(said.settled.values())
        return f"in {said.received:,} = settled {settled:,} + in flight {said.in_flight:,}, lost {said.lost:,}"

    def _verifier(self) -> str:
        if not self.verdict.looked:
            return "could not look"
        found = [f"{f['code']} {f['count']}× (e.g. {f['examples'][0]})" for f in self.verdict.findings]
        return "; ".join(found) or f"agrees: all {self.verdict.acknowledged:,} acknowledged stand where they belong"

    def _auditor(self) -> str:
        found = ", ".join(f"{code} {count}×" for code, count in self.alarms.items())
        return found or ("found nothing" if self.audited else "did not get to look at everything")
