"""The hash chain of a case's events: one changed, removed or reordered event is found by anyone who reads them in
order.
"""

from hashlib import sha256
from uuid import UUID

BEGINNING = bytes(32)


def link_hash(prior_hash: bytes, case_id: UUID, version: int, body: bytes) -> bytes:
    """The hash of the event that follows `prior_hash` in this case's chain; the first one follows BEGINNING."""
    return sha256(prior_hash + case_id.bytes + version.to_bytes(8, "big") + body).digest()
