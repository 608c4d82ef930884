"""A simulation over a file of reports, without any server."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.adapters.centre_folder import read_folder
from pipeline.adapters.report_file import CaseLines, Index, Line, ReportFileError, read_filing
from pipeline.commands.policy_simulate import Plan, Wish, counted
from pipeline.commands.side_by_side import Workers, progress, shared_out
from pipeline.domain.policy.book import PolicyBook
from pipeline.domain.policy.tally import Tally
from pipeline.domain.terms import TermsBook
from pipeline.settings import Settings, directory_of

LINES_AT_ONCE = 500


def of_file(settings: Settings, wish: Wish, plan: Plan) -> Tally:
    """Raises ReportFileError."""
    file = wish.reports
    if file is None or not file.is_file():
        raise ReportFileError(f"{file} is no file; standard input cannot be read twice")
    filing = read_filing(wish.decisions) if wish.decisions else None
    with progress("reads bytes", file.stat().st_size) as show:
        index = Index.of(file, filing, show)
    tally = Tally(plan.examples, unfiled=index.unfiled)
    workers = Workers(wish.processes, _FileWork, (settings, file, plan, datetime.now(UTC)))
    with progress("judges reports", len(index)) as show:
        for part in shared_out(index.blocks(LINES_AT_ONCE), workers):
            tally.join(part)
            show(tally.reports + tally.unread + tally.repeated)
    return tally


class _FileWork:
    """What one process does with lines of the file."""

    def __init__(self, settings: Settings, path: Path, plan: Plan, read_at: datetime) -> None:
        self._lines = CaseLines(path, directory_of(settings), read_at)
        self._trial, self._examples = (
            plan.trial(TermsBook(PolicyBook(), read_folder(settings.directory_dir))),
            plan.examples,
        )

    def __call__(self, block: Sequence[Line]) -> Tally:
        read = self._lines.read(block)
        return counted(read.histories, self._trial, Tally(self._examples, unread=read.unread, repeated=read.repeated))
