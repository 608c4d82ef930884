"""Notifications, for operators: whom they would reach, who was told when, and what a person says of one."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

import orjson

from pipeline.adapters.centre_folder import read_folder
from pipeline.adapters.notify_file import Told as Loaded
from pipeline.adapters.notify_file import load_notify
from pipeline.adapters.postgres.notification_book import NotificationBook
from pipeline.adapters.telemetry import utc_now
from pipeline.contracts.notify import Audience, Target, Told
from pipeline.domain.notify import Ended, reach
from pipeline.settings import Settings
from pipeline.wiring.notify import notification_book, posts_of

T = TypeVar("T")


class Reached(NamedTuple):
    """Whom an audience of a centre reaches, by names of targets."""

    centre: str
    county: str | None
    audience: Audience
    targets: tuple[str, ...]


def check(settings: Settings, *, send: bool, as_json: bool) -> int:
    """0 where every audience of every centre reaches somebody and, with `send`, each target took a trial; else 1.
    Raises NotifyRefusedError.
    """
    loaded = load_notify(settings.notify_file)
    rows = [*_reached(settings, loaded.file.target)]
    lacking = [row for row in rows if not row.targets]
    _show_reached(rows, as_json=as_json)
    if not as_json:
        sys.stdout.write(f"{len(rows)} audiences of centres, {len(lacking)} reach nobody\n")
    failed = _tried(loaded, as_json=as_json) if send else 0
    return 1 if lacking or failed else 0


def _reached(settings: Settings, targets: Sequence[Target]) -> Iterator[Reached]:
    book = read_folder(settings.directory_dir)
    for code, centre in sorted(book.centres.items()):
        for audience in Audience:
            found = reach(targets, audience, code, centre.county)
            yield Reached(code, centre.county, audience, tuple(target.name for target in found))


def _show_reached(rows: Sequence[Reached], *, as_json: bool) -> None:
    for row in rows:
        if as_json:
            _line({**row._asdict(), "targets": list(row.targets)})
        else:
            sys.stdout.write(f"{row.centre:<24} {row.audience:<12} {' '.join(row.targets) or 'NOBODY'}\n")


def _tried(loaded: Loaded, *, as_json: bool) -> int:
    """How many targets did not take a trial."""
    outcomes = asyncio.run(_send_trials(loaded))
    for name, code in outcomes.items():
        if as_json:
            _line({"target": name, "trial": code})
        else:
            sys.stdout.write(f"{name:<24} trial: {code}\n")
    return sum(code != Ended.SENT for code in outcomes.values())


async def _send_trials(loaded: Loaded) -> Mapping[str, str]:
    async with posts_of(loaded, lambda code: (code, code)) as posts:
        told = [posts[target.channel].send(target, _trial(target)) for target in loaded.file.target]
        outcomes = await asyncio.gather(*told)
    return {target.name: one.code for target, one in zip(loaded.file.target, outcomes, strict=True)}


def _trial(target: Target) -> Told:
    return Told(
        notification_id=uuid4(),
        case_id=None,
        kind="trial",
        subject="trial",
        code="trial",
        rung=0,
        audience=target.audience,
        staff=None,
        centre=None,
        county=None,
        priority=None,
        due_at=None,
        made_at=utc_now(),
        needs_ack=False,
        link=None,
    )


def show_list(  # noqa: PLR0913 - each is a filter
    settings: Settings, state: str | None, case: UUID | None, limit: int, *, unacknowledged: bool, as_json: bool
) -> None:
    """The latest first."""
    rows = _with(settings, lambda book: book.listed(state, case, limit, unacknowledged=unacknowledged))
    for row in rows:
        if as_json:
            _line(_plain(row))
        else:
            acked = f"  acknowledged by {row['acked_by']}" if row["acked_by"] else ""
            sys.stdout.write(
                f"{row['notification_id']}  {row['made_at'].isoformat(timespec='seconds')}  {row['state']:<9}"
                f"  {row['priority']:<9}  {row['code']:<14}  {row['audience']} {row['centre']}{acked}\n"
            )
    if not as_json:
        sys.stdout.write(f"{len(rows)} notifications\n")


def show_one(settings: Settings, notification_id: UUID, *, as_json: bool) -> None:
    """Raises NotificationRefusedError."""
    whole = _with(settings, lambda book: book.show(notification_id))
    told: dict[str, Any] = _plain(whole.row)
    if as_json:
        parts = {"deliveries": [*map(_plain, whole.deliveries)], "tries": [*map(_plain, whole.tries)]}
        _line({**told, **parts})
        return
    for name, value in told.items():
        sys.stdout.write(f"{name:<16} {value}\n")
    for one in whole.deliveries:
        sys.stdout.write(f"to {one['target']} by {one['channel']}: {one['state']} after {one['attempts']} tries\n")
    for one in whole.tries:
        sys.stdout.write(f"  {one['tried_at'].isoformat()}  {one['target']}  try {one['attempt']}: {one['outcome']}\n")


def acknowledge(settings: Settings, notification_id: UUID, by: str, *, as_json: bool) -> None:
    """Raises NotificationRefusedError."""
    is_new = _with(settings, lambda book: book.acknowledge(notification_id, by))
    _said(notification_id, "acknowledged" if is_new else "acknowledged_before", as_json=as_json)


def send_again(settings: Settings, notification_id: UUID, *, as_json: bool) -> int:
    """0 where it goes its way once more. Raises NotificationRefusedError."""
    is_done = _with(settings, lambda book: book.send_again(notification_id))
    _said(notification_id, "sent_again" if is_done else "not_dead", as_json=as_json)
    return 0 if is_done else 1


def _said(notification_id: UUID, what: str, *, as_json: bool) -> None:
    if as_json:
        _line({"notification_id": str(notification_id), "said": what})
    else:
        sys.stdout.write(f"{notification_id} {what.replace('_', ' ')}\n")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value


def _line(told: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))


def _with(settings: Settings, act: Callable[[NotificationBook], Awaitable[T]]) -> T:
    async def within() -> T:
        async with notification_book(settings) as book:
            return await act(book)

    return asyncio.run(within())
