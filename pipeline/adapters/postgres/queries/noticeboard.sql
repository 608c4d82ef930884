-- What a person was told, inside acting_as: row-level security leaves what is theirs.

-- name: mine_of_all
SELECT n.notification_id, n.case_id, n.kind, n.subject, n.code, n.rung, n.audience, n.staff, n.centre, n.county, n.priority,
    n.due_at, n.made_at, n.needs_ack, n.acked_at, n.acked_by, n.state
FROM notification n
WHERE (NOT $1 OR n.acked_at IS NULL) AND ($2::timestamptz IS NULL OR (n.made_at, n.notification_id) < ($2, $3::uuid))
    AND $5::text IS NOT NULL
ORDER BY n.made_at DESC, n.notification_id DESC LIMIT $4

-- name: mine_of_county
SELECT n.notification_id, n.case_id, n.kind, n.subject, n.code, n.rung, n.audience, n.staff, n.centre, n.county, n.priority,
    n.due_at, n.made_at, n.needs_ack, n.acked_at, n.acked_by, n.state
FROM notification n
WHERE n.county = $5 AND (NOT $1 OR n.acked_at IS NULL)
    AND ($2::timestamptz IS NULL OR (n.made_at, n.notification_id) < ($2, $3::uuid))
ORDER BY n.made_at DESC, n.notification_id DESC LIMIT $4

-- name: mine_of_centre
-- Three statements, so that each walks along one index: what row-level security leaves of it is looked at row by row.
SELECT n.notification_id, n.case_id, n.kind, n.subject, n.code, n.rung, n.audience, n.staff, n.centre, n.county, n.priority,
    n.due_at, n.made_at, n.needs_ack, n.acked_at, n.acked_by, n.state
FROM notification n
WHERE n.centre = $5 AND (NOT $1 OR n.acked_at IS NULL)
    AND ($2::timestamptz IS NULL OR (n.made_at, n.notification_id) < ($2, $3::uuid))
ORDER BY n.made_at DESC, n.notification_id DESC LIMIT $4

-- name: deliveries
SELECT notification_id, target, channel, state, attempts, next_at, ended_at FROM delivery
WHERE notification_id = ANY ($1) ORDER BY notification_id, target

-- name: acknowledge
SELECT acknowledge_notification($1)
