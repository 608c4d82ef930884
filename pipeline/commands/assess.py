"""Decisions without servers: the same domain code over a file."""

import csv
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID  # noqa: TC003 - one import is enough

from pipeline.adapters.centre_folder import read_folder
from pipeline.commands.lines import lines_of
from pipeline.contracts.decision import Decision
from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.assess import assess
from pipeline.domain.centres import CentreBook
from pipeline.domain.directory import Directory
from pipeline.domain.docket import Docket
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.policy.book import PolicyBook
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import shipped
from pipeline.domain.terms import TermsBook, shipped_terms

LINK_COLUMNS = ("event_id", "incident_id", "case_id", "household_id")


class OfflineRun:
    """Events in order, and where each of them stands after the last one. Each is decided as at its `received_at`, by
    the shipped policy and centres unless others are given. How full centres are is not known here.
    """

    def __init__(
        self,
        directory: Directory,
        arrived_at: datetime,
        policy: Policy | None = None,
        centres: CentreBook | None = None,
    ) -> None:
        self._directory = directory
        self._arrived_at = arrived_at
        self._policy = policy or shipped()
        self._terms = TermsBook(PolicyBook(), centres) if centres else shipped_terms()
        self._docket = Docket()
        self._report_of: dict[str, UUID] = {}

    def decide(self, line: bytes) -> Decision:
        reading = read_event(line, (), self._arrived_at, self._directory)
        if isinstance(reading, Unreadable):
            return Decision(event_id=reading.event_id, outcome=Outcome.DEAD_LETTER, policy_version=self._policy.version)
        terms = self._terms.under(self._policy, reading.facts.received_at)
        settlement = assess(reading.facts, self._docket, terms)
        self._report_of.setdefault(reading.facts.event_id, settlement.report_id)
        return settlement.decision

    def links(self) -> Iterator[tuple[str, str, str, str]]:
        """The final state, one row for each event id; ids of cases that were joined are the surviving ones."""
        for event_id, report_id in self._report_of.items():
            case = self._docket.case_of(report_id)
            yield event_id, str(case.incident_of(report_id).incident_id), str(case.case_id), str(case.household_id)


def assess_file(
    file: str, links: Path | None, directory: Directory, policy: Policy, directory_dir: Path | None = None
) -> None:
    """Prints one decision a line, in order; blank lines are passed over. `-` is standard input."""
    run = OfflineRun(directory, datetime.now(UTC), policy, read_folder(directory_dir) if directory_dir else None)
    out = sys.stdout.buffer
    for _, line in lines_of(file):
        out.write(run.decide(line).model_dump_json().encode() + b"\n")
    out.flush()
    if links:
        _write_links(links, run.links())


def _write_links(path: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LINK_COLUMNS)
        writer.writerows(rows)
