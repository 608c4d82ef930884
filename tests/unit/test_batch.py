from telling import NOON, event

from pipeline.contracts.messages import Coordinate, Message
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Accepted, Batch, Unread
from pipeline.domain.normalise.reading import Reading

MESSAGE = Message(at=Coordinate("intake.hotline.113.v1", 0, 7), value=b"{}", headers=(), arrived_at=NOON)


def test_a_batch_parts_what_was_accepted_from_what_nobody_could_read() -> None:
    accepted = Accepted(MESSAGE, Reading(event("a"), {}))
    unread = Unread(MESSAGE, Outcome.DEAD_LETTER, "not_json")
    batch = Batch((accepted, unread))
    assert batch.accepted == (accepted,)
    assert batch.unread == (unread,)
    assert batch.spans == ()
