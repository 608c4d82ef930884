-- Who is told: by which targets, and how each try ended. For watch.

-- name: revive
-- What had no target is told once there is one, for as long as it can still matter.
UPDATE notification SET state = 'waiting'
WHERE state = 'no_target' AND acked_at IS NULL AND made_at > now() - make_interval(hours => $1)

-- name: waiting
-- Two who spread at the same moment take different ones.
SELECT notification_id, case_id, kind, subject, code, rung, audience, staff, centre, county, priority, due_at, made_at, needs_ack
FROM notification WHERE state = 'waiting' ORDER BY made_at LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: spread
INSERT INTO delivery (notification_id, target, channel)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING

-- name: spread_done
-- What is spread again has waiting deliveries or none; what nobody takes is told to a person.
UPDATE notification n SET state = said.state FROM unnest($1::uuid[], $2::text[]) AS said (notification_id, state)
WHERE n.notification_id = said.notification_id

-- name: take
-- The gravest first, of each target a few at a time: one that answers late keeps no other waiting. The time of the next
-- try is moved on before anything is sent: whoever takes it is the only one until then.
WITH due AS (
    SELECT d.notification_id, d.target, d.next_at, array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], n.priority) AS rank,
        row_number() OVER (
            PARTITION BY d.target
            ORDER BY array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], n.priority), d.next_at
        ) AS place
    FROM delivery d JOIN notification n USING (notification_id)
    WHERE d.state = 'waiting' AND d.next_at <= clock_timestamp() AND d.target <> ALL ($1)
), taken AS (
    SELECT d.notification_id, d.target FROM delivery d JOIN due USING (notification_id, target)
    WHERE due.place <= $2 AND d.state = 'waiting' AND d.next_at <= clock_timestamp()
    ORDER BY due.rank, due.next_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED
)
UPDATE delivery d SET attempts = d.attempts + 1, next_at = clock_timestamp() + $4::interval
FROM taken JOIN notification n USING (notification_id)
WHERE (d.notification_id, d.target) = (taken.notification_id, taken.target)
RETURNING d.target, d.channel, d.attempts, d.forgiven, n.notification_id, n.case_id, n.kind, n.subject, n.code, n.rung, n.audience,
    n.staff, n.centre, n.county, n.priority, n.due_at, n.made_at, n.needs_ack

-- name: hold
-- Two targets of one notification that end at the same moment end one after the other.
SELECT FROM notification WHERE notification_id = $1 FOR UPDATE

-- name: note_try
INSERT INTO delivery_try (notification_id, target, attempt, outcome) VALUES ($1, $2, $3, $4)

-- name: end_try
-- A late failure says nothing of the try that has begun after it; a late success does: it arrived.
UPDATE delivery SET
    state = $4,
    next_at = CASE WHEN $4 = 'waiting' THEN clock_timestamp() + $5::interval ELSE next_at END,
    ended_at = CASE WHEN $4 = 'waiting' THEN NULL ELSE clock_timestamp() END
WHERE notification_id = $1 AND target = $2 AND state <> 'sent' AND ($4 = 'sent' OR (state = 'waiting' AND attempts = $3))
RETURNING state

-- name: end_notification
UPDATE notification n SET state = CASE WHEN ended.has_sent THEN 'sent' ELSE 'dead' END
FROM (
    SELECT bool_or(d.state = 'sent') AS has_sent, bool_or(d.state = 'waiting') AS has_waiting FROM delivery d WHERE d.notification_id = $1
) AS ended
WHERE n.notification_id = $1 AND NOT ended.has_waiting AND n.state IN ('sending', 'dead', 'sent')
