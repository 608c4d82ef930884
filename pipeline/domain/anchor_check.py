"""What a verifier finds among the anchors: in the table, in the file outside, and between the two."""

from collections.abc import Callable, Mapping, Sequence

from pipeline.domain.access_check import Fault, Finding
from pipeline.domain.anchors import Anchor, Head, mark_of, read_statement

STREAM = "anchors"

Holds = Callable[[Anchor], bool]
Signed = tuple[str, Head]


def check_anchors(
    table: Sequence[Anchor], file: Sequence[Anchor] | None, *, is_signed: Holds, is_stamped: Holds
) -> tuple[list[Finding], list[Signed]]:
    """All that is wrong, in order, and the heads that anchors of a trusted key hold. `file` was read before the table,
    which may hold newer ones; None where there is no file. `is_stamped` is asked of anchors with a timestamp.
    """
    in_table, in_file = {a.anchor_no: a for a in table}, {a.anchor_no: a for a in file or ()}
    findings: list[Finding] = []
    signed: list[Signed] = []
    before: Anchor | None = None
    for number in range(1, max([0, *in_table, *in_file]) + 1):
        told = [a for a in (in_table.get(number), in_file.get(number)) if a]
        fault = _fault(number, in_table, in_file)
        for anchor in told:
            own, heads = _read(anchor, before, is_signed=is_signed, is_stamped=is_stamped)
            fault = fault or own
            signed += heads
        if fault:
            findings.append(Finding(STREAM, number, fault))
        before = told[0] if told else None
    return findings, signed


def _fault(number: int, table: Mapping[int, Anchor], file: Mapping[int, Anchor]) -> Fault | None:
    in_table, in_file = table.get(number), file.get(number)
    if in_table is None:
        return Fault.ANCHOR_REMOVED
    if file and min(file) <= number <= max(file) and (in_file is None or in_file[1:4] != in_table[1:4]):
        return Fault.ANCHOR_UNLIKE_FILE
    return None


def _read(
    anchor: Anchor, before: Anchor | None, *, is_signed: Holds, is_stamped: Holds
) -> tuple[Fault | None, list[Signed]]:
    if not is_signed(anchor):
        return Fault.ANCHOR_UNSIGNED, []
    said = read_statement(anchor.statement)
    if said is None or said.anchor_no != anchor.anchor_no:
        return Fault.ANCHOR_CHANGED, []
    heads = list(said.heads.items())
    if said.prior != mark_of(before) and (before or anchor.anchor_no == 1):
        return Fault.ANCHOR_CHANGED, heads
    if anchor.timestamp_token and not is_stamped(anchor):
        return Fault.STAMP_OF_ANOTHER, heads
    return None, heads
