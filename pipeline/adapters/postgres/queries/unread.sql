-- Two people release a quarantined report.

-- name: quarantined
-- It first came in when the earliest of its messages did, and never later than when it was set aside.
SELECT u.unread_id, u.kind, u.code, u.topic, u.sealed, u.wrapped_key,
    least(u.first_seen_at, (SELECT min(arrived_at) FROM inbox WHERE unread_id = u.unread_id)) AS received_at,
    (SELECT min(receipt_key::text)::uuid FROM inbox WHERE unread_id = u.unread_id) AS receipt_key,
    r.released_by, r.seconded_by, r.sent_at, r.settled_at
FROM unread_report u LEFT JOIN unread_release r USING (unread_id)
WHERE u.unread_id = $1

-- name: release
-- Who released it first stays noted; the digest is always under the current version of its key.
INSERT INTO unread_release AS r (unread_id, code, released_by, seconded_by, received_at, digest) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (unread_id) DO UPDATE SET digest = excluded.digest
RETURNING r.released_at = now()

-- name: mark_sent
UPDATE unread_release SET sent_at = now() WHERE unread_id = $1
