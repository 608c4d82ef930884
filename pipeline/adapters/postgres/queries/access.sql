-- Events of access: written by everyone through two functions, read by the auditor.

-- name: append
SELECT audit_append($1, $2, $3, $4)

-- name: append_many
SELECT audit_append_many($1, $2)

-- name: heads
SELECT stream, number, hash FROM access_head

-- name: events
SELECT stream, number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, kind, actor, body::text AS body,
    prior_hash, hash
FROM access_event ORDER BY stream, number

-- name: stretch
SELECT stream, number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, kind, actor, body::text AS body,
    prior_hash, hash
FROM access_event WHERE stream = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT $4

-- name: tell_audit_read
SELECT tell_audit_read($1)

-- name: events_shown
-- The newest that were asked for, in the order in which they happened.
SELECT * FROM (
    SELECT stream, number, at, kind, actor, body FROM access_event
    WHERE ($1::text IS NULL OR stream = $1) AND ($2::text IS NULL OR actor = $2) AND ($3::timestamptz IS NULL OR at >= $3)
        AND ($4::text IS NULL OR body->>'case_id' = $4 OR body->'case_ids' ? $4 OR body->'owners' ? $4)
    ORDER BY at DESC, stream, number DESC LIMIT $5
) AS newest ORDER BY at, stream, number

-- name: anchors
SELECT anchor_no, statement, public_key, signature, timestamp_token FROM access_anchor ORDER BY anchor_no

-- name: anchors_after
SELECT anchor_no, statement, public_key, signature, timestamp_token FROM access_anchor WHERE anchor_no > $1 ORDER BY anchor_no

-- name: add_anchor
-- Another auditor may have been first.
INSERT INTO access_anchor (anchor_no, statement, public_key, signature, timestamp_token) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING anchor_no

-- name: now
SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
