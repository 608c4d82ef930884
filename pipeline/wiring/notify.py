"""What tells people outside, built from the targets file."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pipeline.adapters.mail import Mail
from pipeline.adapters.notify_file import Told, load_notify
from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.database import Pool, Role
from pipeline.adapters.postgres.migrate import DATA, refuse_other_schema
from pipeline.adapters.postgres.notification_book import NotificationBook
from pipeline.adapters.postgres.notifications import NotificationBox
from pipeline.adapters.telemetry import utc_now
from pipeline.adapters.webhook import Webhooks
from pipeline.contracts.notify import Channel
from pipeline.domain.notice_text import Labels
from pipeline.ports import Telling
from pipeline.settings import Settings
from pipeline.stages.notify import Notifying, Post
from pipeline.wiring.ground import pool_of, worker_name


@asynccontextmanager
async def notifying(settings: Settings, pool: Pool, telling: Telling, labels: Labels) -> AsyncIterator[Notifying]:
    """`pool` acts as `Role.WATCH`. What is under way when this ends has some seconds; then whoever comes next sends it
    again. Raises NotifyRefusedError for a targets file that will not do.
    """
    told = load_notify(settings.notify_file)
    async with posts_of(told, labels) as posts:
        box, bell = NotificationBox(pool, told.file.link), Alarms(pool, "watch")
        found = Notifying(box, told.file.target, posts, bell=bell, telling=telling, now=utc_now)
        try:
            yield found
        finally:
            await found.close()


@asynccontextmanager
async def posts_of(told: Told, labels: Labels) -> AsyncIterator[dict[Channel, Post]]:
    """What carries notifications, by channel."""
    async with Webhooks(told.secrets, utc_now) as webhooks:
        posts: dict[Channel, Post] = {Channel.WEBHOOK: webhooks}
        if told.file.smtp:
            posts[Channel.EMAIL] = Mail(told.file.smtp, told.password, labels=labels, signs=told.signer)
        yield posts


@asynccontextmanager
async def notification_book(settings: Settings) -> AsyncIterator[NotificationBook]:
    """What operators ask and do of notifications; the database must be of this program's schema."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(stack, settings.postgres_dsn, worker_name("notify"), Role.OPERATE, connections_max=1)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield NotificationBook(pool)
