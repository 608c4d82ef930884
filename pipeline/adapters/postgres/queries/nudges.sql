-- What happens to cases, as the desk tells its streams of it.

-- name: mark
-- The highest number that is there, and which transactions are under way, all of one moment.
SELECT (SELECT coalesce(max(outbox_id), 0) FROM outbox) AS last,
    pg_snapshot_xmin(s)::text::bigint AS oldest_running, pg_snapshot_xmax(s)::text::bigint AS next_to_begin
FROM pg_current_snapshot() AS s

-- name: between
SELECT o.outbox_id AS number, o.case_id, c.centre, c.county FROM outbox o JOIN case_file c USING (case_id)
WHERE o.outbox_id > $1 AND o.outbox_id <= $2 AND o.topic = $3 ORDER BY o.outbox_id
