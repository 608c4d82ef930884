-- name: take_lease
-- One relay at a time: the lease is free when it was given back, when its owner has no session any more, or when it has
-- been silent for longer than a send may take.
UPDATE relay_lease SET epoch = epoch + 1, owner = $1, beat_at = now()
WHERE beat_at < now() - make_interval(secs => $2)
   OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = left(relay_lease.owner, 63))
RETURNING epoch

-- name: beat
-- The fence: a relay whose lease was taken over hits no row.
UPDATE relay_lease SET beat_at = now() WHERE epoch = $1 RETURNING 1

-- name: give_back
UPDATE relay_lease SET beat_at = '-infinity' WHERE epoch = $1

-- name: waiting
SELECT outbox_id, message_id, topic, message_key, message, written_at FROM outbox
WHERE published_offset IS NULL ORDER BY outbox_id LIMIT $1

-- name: mark
UPDATE outbox AS o SET published_partition = sent.partition, published_offset = sent.kafka_offset
FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS sent (outbox_id, partition, kafka_offset)
WHERE o.outbox_id = sent.outbox_id AND o.published_offset IS NULL

-- name: mark_found
-- What a relay sent before it died is marked where it was found. One that stands on its topic twice keeps its first place.
UPDATE outbox AS o SET published_partition = found.partition, published_offset = found.kafka_offset
FROM (
    SELECT DISTINCT ON (message_id) * FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS f (message_id, partition, kafka_offset)
    ORDER BY message_id, kafka_offset
) AS found
WHERE o.message_id = found.message_id AND o.published_offset IS NULL
RETURNING 1

-- name: marks
SELECT topic, partition, next_offset FROM relay_mark

-- name: move_mark
INSERT INTO relay_mark AS m (topic, partition, next_offset) VALUES ($1, $2, $3)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = greatest(m.next_offset, excluded.next_offset)

-- name: raise_alarm
INSERT INTO alarm (code, subject, raised_by) VALUES ($1, $2, 'relay')
ON CONFLICT (code, subject) DO UPDATE SET seen_at = now(), settled_at = NULL, settled_by = NULL
