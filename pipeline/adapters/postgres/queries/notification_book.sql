-- What operators ask and do of notifications, by command.

-- name: list
-- For operators: the latest first.
SELECT notification_id, case_id, kind, subject, code, rung, audience, staff, centre, county, priority, due_at, made_at, needs_ack,
    acked_at, acked_by, state
FROM notification
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR case_id = $2) AND (NOT $3 OR (needs_ack AND acked_at IS NULL))
ORDER BY made_at DESC, notification_id DESC LIMIT $4

-- name: one
SELECT notification_id, case_id, kind, subject, code, rung, audience, staff, centre, county, priority, due_at, made_at, needs_ack,
    acked_at, acked_by, state
FROM notification WHERE notification_id = $1

-- name: tries
SELECT target, attempt, outcome, tried_at FROM delivery_try WHERE notification_id = $1 ORDER BY target, attempt

-- name: works_here
-- Somebody who works here, and to whom the case exists.
SELECT w.staff, NOT n.case_id = ANY (conflicts_of(w.staff)) AS may
FROM notification n CROSS JOIN staff w WHERE n.notification_id = $1 AND w.staff = $2 AND w.ended_at IS NULL

-- name: acknowledge_for
UPDATE notification SET acked_at = clock_timestamp(), acked_by = $2 WHERE notification_id = $1 AND acked_at IS NULL
RETURNING case_id, acked_at

-- name: send_again
WITH again AS (
    UPDATE delivery SET state = 'waiting', ended_at = NULL, forgiven = attempts, next_at = clock_timestamp()
    WHERE notification_id = $1 AND state = 'dead' RETURNING notification_id
)
UPDATE notification SET state = 'sending' WHERE notification_id IN (SELECT notification_id FROM again) RETURNING case_id

-- name: spread_again
UPDATE notification SET state = 'waiting' WHERE notification_id = $1 AND state = 'no_target' RETURNING case_id

-- name: deliveries
SELECT notification_id, target, channel, state, attempts, next_at, ended_at FROM delivery
WHERE notification_id = $1 ORDER BY target
