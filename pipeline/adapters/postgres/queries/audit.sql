-- name: settled
SELECT topic, partition, outcome, count(*) AS messages FROM inbox GROUP BY topic, partition, outcome

-- name: cursors
SELECT topic, partition, first_offset, next_offset FROM stream_cursor

-- name: holes
SELECT topic, partition, from_offset, to_offset FROM stream_hole ORDER BY from_offset

-- name: unpublished
SELECT count(*) AS messages, coalesce(extract(epoch FROM now() - min(written_at)), 0)::float8 AS oldest_s
FROM outbox WHERE published_offset IS NULL

-- name: unread
SELECT count(*) AS open, count(*) FILTER (WHERE due_at < now()) AS overdue FROM unread_report WHERE read_at IS NULL

-- name: spooled
SELECT gateway, waiting, coalesce(extract(epoch FROM now() - oldest_at), 0)::float AS oldest_s FROM spool

-- name: unfinished_erasures
SELECT coalesce(extract(epoch FROM now() - min(answered_at)), 0)::float8 AS oldest_s FROM erasure WHERE state = 'begun'

-- name: unread_list
SELECT u.unread_id, u.kind, u.code, u.topic, u.partition, u.kafka_offset, u.first_seen_at, u.due_at, u.times_seen,
    r.released_by, r.seconded_by
FROM unread_report u LEFT JOIN unread_release r USING (unread_id) WHERE u.read_at IS NULL ORDER BY u.due_at, u.unread_id

-- name: findings
-- What unbalances the ledger. An unread report is settled; a feed that is late, a policy that may not be used, a server's
-- log that talks, an erasure that is not finished, the desk's timers and who is told of what have lost nothing here; and
-- the audit of access is another book.
SELECT code, count(*) AS alarms FROM alarm
WHERE settled_at IS NULL AND code NOT IN ('unread_report', 'database_log_talks', 'erasure_unfinished') AND code NOT LIKE 'feed\_%'
    AND code NOT LIKE 'policy\_%' AND code NOT LIKE 'audit\_%' AND code NOT LIKE 'notification\_%'
    AND code NOT IN ('case_without_timer', 'clock_without_timer', 'timers_late') GROUP BY code

-- name: marks
SELECT topic, partition, next_offset FROM audit_mark WHERE book = $1

-- name: move_mark
INSERT INTO audit_mark (book, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
ON CONFLICT (book, topic, partition) DO UPDATE SET next_offset = excluded.next_offset

-- name: inbox_between
SELECT kafka_offset, digest FROM inbox WHERE topic = $1 AND partition = $2 AND kafka_offset >= $3 AND kafka_offset < $4

-- name: half_settled
-- Settled as accepted, but the report, its decision, its case, or the case's history and messages are not all there.
SELECT b.kafka_offset FROM inbox b
WHERE b.topic = $1 AND b.partition = $2 AND b.kafka_offset >= $3 AND b.kafka_offset < $4
  AND b.outcome NOT IN ('dead_letter', 'quarantine')
  AND NOT EXISTS (
    SELECT FROM report_version v
    JOIN report_original USING (event_key)
    JOIN decision d USING (event_key)
    JOIN report r USING (report_id)
    JOIN incident i ON i.incident_id = r.incident_id
    JOIN case_file f ON f.case_id = i.case_id
    WHERE v.event_key = b.event_key
      AND EXISTS (SELECT FROM clock WHERE clock.incident_id = i.incident_id)
      AND EXISTS (SELECT FROM case_event e WHERE e.case_id = f.case_id AND e.version = f.version)
      AND EXISTS (SELECT FROM outbox o WHERE o.event_id = v.event_id AND o.case_id = d.case_id AND o.topic LIKE 'queue.%'))
UNION ALL
SELECT b.kafka_offset FROM inbox b
WHERE b.topic = $1 AND b.partition = $2 AND b.kafka_offset >= $3 AND b.kafka_offset < $4
  AND b.outcome IN ('dead_letter', 'quarantine')
  AND NOT EXISTS (SELECT FROM unread_report u WHERE u.unread_id = b.unread_id)

-- name: published_between
SELECT published_offset, message_id FROM outbox
WHERE topic = $1 AND published_partition = $2 AND published_offset >= $3 AND published_offset < $4

-- name: relay_marks
SELECT topic, partition, next_offset FROM relay_mark

-- name: known_messages
SELECT message_id FROM outbox WHERE message_id = ANY($1)

-- name: add_hole
INSERT INTO stream_hole (topic, partition, from_offset, to_offset, found_by) VALUES ($1, $2, $3, $4, 'auditor')
ON CONFLICT (topic, partition, from_offset) DO UPDATE SET to_offset = greatest(stream_hole.to_offset, excluded.to_offset)

-- name: open_alarms
SELECT alarm_id, code, subject, raised_by, raised_at, seen_at FROM alarm WHERE settled_at IS NULL ORDER BY alarm_id

-- name: settle_alarm
-- A person has looked at it. That of an unread report ends when the report has been read, not before.
UPDATE alarm SET settled_at = now(), settled_by = $2
WHERE alarm_id = $1 AND settled_at IS NULL AND code <> 'unread_report' RETURNING 1

-- name: mark_read
-- The alarm of an unread report ends when a person has read it; the report itself stays.
WITH done AS (
    UPDATE unread_report SET read_at = now(), read_by = $2 WHERE unread_id = $1 AND read_at IS NULL RETURNING unread_id
)
UPDATE alarm SET settled_at = now(), settled_by = $2 FROM done
WHERE code = 'unread_report' AND subject = done.unread_id::text
RETURNING 1

-- name: last_settled
SELECT b.* FROM stream_cursor c CROSS JOIN LATERAL (
    SELECT topic, partition, kafka_offset, digest FROM inbox
    WHERE topic = c.topic AND partition = c.partition ORDER BY kafka_offset DESC LIMIT 1
) AS b
