-- name: claim
-- A worker that is given a partition raises its epoch: whoever held it before can settle nothing more.
INSERT INTO stream_cursor AS c (topic, partition, first_offset, next_offset, epoch, owner)
VALUES ($1, $2, $3, $3, 1, $4)
ON CONFLICT (topic, partition) DO UPDATE SET epoch = c.epoch + 1, owner = excluded.owner
RETURNING epoch, next_offset

-- name: last_settled
-- Read once more after an assignment, so that a log that holds other bytes there is noticed.
SELECT max(kafka_offset) FROM inbox WHERE topic = $1 AND partition = $2

-- name: unfinished
-- What other workers took up here and never settled.
SELECT max(last_offset) FROM attempt
WHERE topic = $1 AND partition = $2 AND last_offset >= $3 AND worker <> $4 AND begun_at > pg_postmaster_start_time()

-- name: take_up
-- Committed before the batch is looked at. A death is another worker's row; one that a database restart left behind is none.
INSERT INTO attempt AS a (topic, partition, first_offset, last_offset, worker, deaths)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::text[], $6::int[])
ON CONFLICT (topic, partition, first_offset) DO UPDATE SET
    deaths = a.deaths + (a.worker <> excluded.worker AND a.begun_at > pg_postmaster_start_time())::int,
    last_offset = excluded.last_offset, worker = excluded.worker, begun_at = clock_timestamp()
RETURNING topic, partition, deaths

-- name: settled_digests
SELECT topic, partition, kafka_offset, digest FROM inbox
JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS asked (topic, partition, kafka_offset) USING (topic, partition, kafka_offset)

-- name: cursors
SELECT topic, partition, next_offset, epoch FROM stream_cursor
JOIN unnest($1::text[], $2::int[]) AS asked (topic, partition) USING (topic, partition)

-- name: find
-- Who bears the tokens that this batch looks for, the newest bearers of each. Each report of the batch keeps those that
-- share the most with it, rare tokens before common ones, and all that a number names; who tells of the same events comes
-- in any case. A token is bounded as a range, and a case looked up as a value, since the planner else reads and sorts all
-- bearers of a token, or all reports. While the index key is being replaced, one key has several tokens: all lead to its
-- bearers.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::int[], $2::bytea[], $3::bool[], $9::bigint[], $10::int[])
        AS asked (item, token, is_named, worth_min, key_no)
), sought AS MATERIALIZED (
    SELECT DISTINCT item, key_no, is_named, worth_min FROM asked
), borne AS MATERIALIZED (
    SELECT keys.key_no, k.token, k.report_id, k.source, count(*) OVER (PARTITION BY keys.key_no) AS bearers
    FROM (SELECT key_no, array_agg(DISTINCT token) AS tokens FROM asked GROUP BY key_no) AS keys
    CROSS JOIN LATERAL (
        SELECT one.* FROM unnest(keys.tokens) AS sought_token
        CROSS JOIN LATERAL (
            SELECT token, report_id, source, added_no FROM link_key
            WHERE (token, added_no) BETWEEN (sought_token, 0) AND (sought_token, 9223372036854775807)
            ORDER BY token DESC, added_no DESC LIMIT $5
        ) AS one
        ORDER BY one.added_no DESC LIMIT $5
    ) AS k
), ranked AS (
    SELECT report_id, bool_or(is_named) AS is_named,
        row_number() OVER (
            PARTITION BY item
            ORDER BY bool_or(is_named) DESC, sum(greatest($7::bigint / bearers, worth_min)) DESC, report_id) AS place
    FROM sought JOIN borne USING (key_no)
    GROUP BY item, report_id HAVING bool_or(is_named) OR sum(greatest($7::bigint / bearers, worth_min)) >= $8
), kept AS MATERIALIZED (
    SELECT report_id, (SELECT i.case_id FROM report r JOIN incident i USING (incident_id) WHERE r.report_id = k.report_id)
    FROM (SELECT DISTINCT report_id FROM ranked WHERE is_named OR place <= $6) AS k
)
SELECT token, NULL::uuid AS event_key, report_id, source, case_id FROM kept JOIN borne USING (report_id)
UNION ALL
SELECT NULL, v.event_key, v.report_id, v.source, i.case_id
FROM report_version v JOIN report r USING (report_id) JOIN incident i USING (incident_id)
WHERE v.event_key = ANY($4)

-- name: cases_of
SELECT DISTINCT i.case_id FROM report r JOIN incident i USING (incident_id) WHERE r.report_id = ANY($1)

-- name: near
-- The open cases that strong bonds and people's words lead to from these, with these.
WITH RECURSIVE near (case_id) AS (
    SELECT unnest($1::uuid[])
    UNION
    SELECT other.case_id
    FROM near
    JOIN case_file c ON c.case_id = near.case_id AND c.state NOT IN ('closed', 'erased')
    JOIN incident i ON i.case_id = near.case_id
    JOIN report r ON r.incident_id = i.incident_id
    CROSS JOIN LATERAL (
        SELECT report_b AS report_id FROM link_edge WHERE report_a = r.report_id AND household >= $2
        UNION ALL SELECT report_a FROM link_edge WHERE report_b = r.report_id AND household >= $2
        UNION ALL SELECT report_b FROM link_tie WHERE report_a = r.report_id AND together
        UNION ALL SELECT report_a FROM link_tie WHERE report_b = r.report_id AND together
    ) AS led
    JOIN report o ON o.report_id = led.report_id
    JOIN incident other ON other.incident_id = o.incident_id
)
SELECT case_id FROM near LIMIT $3

-- name: aliases
-- Cases that went up in others; one of them stands again when its oldest report leaves those.
SELECT case_id, household_id, version, state, linked_case_id, standing, routing, head_hash
FROM case_file WHERE case_id = ANY($1) AND state = 'merged'

-- name: edges
SELECT report_a, report_b, household, incident FROM link_edge WHERE report_a = ANY($1) AND report_b = ANY($1)

-- name: ties
SELECT report_a, report_b, scope, together FROM link_tie WHERE report_a = ANY($1) AND report_b = ANY($1)

-- name: put_edge
INSERT INTO link_edge (report_a, report_b, household, incident, reasons, weights_version)
SELECT report_a, report_b, household, incident, reasons::jsonb, weights_version
FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::float8[], $5::text[], $6::text[])
    AS told (report_a, report_b, household, incident, reasons, weights_version)
ON CONFLICT (report_a, report_b) DO UPDATE SET
    household = excluded.household, incident = excluded.incident, reasons = excluded.reasons,
    weights_version = excluded.weights_version, compared_at = now()

-- name: drop_edge
DELETE FROM link_edge USING unnest($1::uuid[], $2::uuid[]) AS gone (a, b) WHERE report_a = a AND report_b = b

-- name: bearers
SELECT asked.token, borne.report_id, borne.source
FROM unnest($1::bytea[]) AS asked (token)
CROSS JOIN LATERAL (
    SELECT k.report_id, k.source FROM link_key k
    WHERE (k.token, k.added_no) BETWEEN (asked.token, 0) AND (asked.token, 9223372036854775807)
    ORDER BY k.token DESC, k.added_no DESC LIMIT $2
) AS borne

-- name: lock_linking
-- One at a time between the last look for candidates and the commit: two workers with two reports of one incident make one case.
SELECT pg_advisory_xact_lock(7240114)

-- name: lock_cases
SELECT case_id, version FROM case_file WHERE case_id = ANY($1) ORDER BY case_id FOR UPDATE

-- name: cases
SELECT case_id, household_id, version, state, linked_case_id, standing, routing, head_hash FROM case_file WHERE case_id = ANY($1)

-- name: versions
SELECT i.case_id, i.incident_id, r.report_id, r.arrival_no, v.event_key, v.arrived_at, v.faults, v.sealed,
    v.sealed_story, v.wrapped_key
FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id)
WHERE i.case_id = ANY($1)

-- name: clocks
SELECT c.incident_id, c.name, c.due_at FROM clock c JOIN incident i USING (incident_id) WHERE i.case_id = ANY($1)

-- name: decisions
SELECT event_key, decision FROM decision WHERE event_key = ANY($1)

-- name: erased_events
-- Known by their bytes alone, once nothing of them can be opened.
SELECT event_key, digest FROM erased_event WHERE event_key = ANY($1)

-- name: note_past_home
-- Under which other case's key an older backup holds what has moved.
INSERT INTO past_home (event_key, case_id) SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING

-- name: move_cursor
-- The fence: it must hit its row, else another worker holds the partition or an offset was skipped.
UPDATE stream_cursor SET next_offset = $4, moved_at = now()
WHERE topic = $1 AND partition = $2 AND next_offset = $3 AND epoch = $5
RETURNING 1

-- name: put_down
DELETE FROM attempt USING unnest($1::text[], $2::int[], $3::bigint[]) AS done (topic, partition, first_offset)
WHERE (attempt.topic, attempt.partition, attempt.first_offset) = (done.topic, done.partition, done.first_offset)

-- name: give_up
-- This worker ends over a server or a fence, not over a report: whoever takes this up next counts no death for it.
UPDATE attempt SET begun_at = '-infinity'
FROM unnest($1::text[], $2::int[], $3::bigint[]) AS mine (topic, partition, first_offset)
WHERE (attempt.topic, attempt.partition, attempt.first_offset) = (mine.topic, mine.partition, mine.first_offset)
  AND attempt.worker = $4

-- name: add_hole
INSERT INTO stream_hole (topic, partition, from_offset, to_offset, found_by)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::text[])
ON CONFLICT (topic, partition, from_offset) DO UPDATE SET to_offset = greatest(stream_hole.to_offset, excluded.to_offset)

-- name: add_unread
-- The same bytes sent again keep their first receipt time, and the clock of one hour is not started anew; unless a person
-- had read them: then they wait for one again.
INSERT INTO unread_report AS u
    (unread_id, kind, code, topic, partition, kafka_offset, first_seen_at, due_at, sealed, wrapped_key)
VALUES ($1, $2, $3, $4, $5, $6, now(), now() + interval '1 hour', $7, $8)
ON CONFLICT (unread_id) DO UPDATE SET
    times_seen = u.times_seen + 1, read_at = NULL, read_by = NULL,
    due_at = CASE WHEN u.read_at IS NULL THEN u.due_at ELSE excluded.due_at END
RETURNING due_at

-- name: releases
SELECT unread_id, digest, received_at, code FROM unread_release WHERE digest = ANY($1)

-- name: settle_release
-- What two people believed is settled: its first settlement is noted, and nobody has to read it any more.
WITH done AS (
    UPDATE unread_release SET settled_at = now(), event_key = $2 WHERE unread_id = $1 AND settled_at IS NULL
    RETURNING unread_id, released_by
), read AS (
    UPDATE unread_report u SET read_at = coalesce(u.read_at, now()), read_by = coalesce(u.read_by, done.released_by)
    FROM done WHERE u.unread_id = done.unread_id
)
UPDATE alarm SET settled_at = now(), settled_by = done.released_by FROM done
WHERE code = 'unread_report' AND subject = done.unread_id::text AND settled_at IS NULL

-- name: known_unread
SELECT unread_id FROM unread_report WHERE unread_id = ANY($1)

-- name: add_inbox
INSERT INTO inbox (topic, partition, kafka_offset, digest, outcome, event_key, unread_id, arrived_at, receipt_key)
SELECT * FROM unnest(
    $1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::text[], $6::uuid[], $7::uuid[], $8::timestamptz[], $9::uuid[])

-- name: put_case
INSERT INTO case_file
    (case_id, household_id, version, state, linked_case_id, queue, priority, county, centre, standing, routing, head_hash,
    categories, is_sexual)
SELECT case_id, household_id, version, state, linked_case_id, queue, priority, county, centre, standing, routing, head_hash,
    string_to_array(categories, ' '), is_sexual
FROM unnest(
        $1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::jsonb[], $11::jsonb[], $12::bytea[], $13::text[], $14::bool[])
    AS told (case_id, household_id, version, state, linked_case_id, queue, priority, county, centre, standing, routing,
        head_hash, categories, is_sexual)
ON CONFLICT (case_id) DO UPDATE SET
    household_id = excluded.household_id, linked_case_id = excluded.linked_case_id,
    version = excluded.version, state = excluded.state, queue = excluded.queue, priority = excluded.priority,
    county = excluded.county, centre = excluded.centre, standing = excluded.standing, routing = excluded.routing,
    head_hash = excluded.head_hash, categories = excluded.categories, is_sexual = excluded.is_sexual

-- name: add_alias
INSERT INTO case_alias (alias_id, case_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])

-- name: drop_alias
-- A case that was an alias has reports of its own again.
DELETE FROM case_alias WHERE alias_id = ANY($1)

-- name: point_aliases
-- An alias points to the case where the oldest report of what it was stands now.
UPDATE case_alias AS a SET case_id = now.case_id
FROM unnest($1::uuid[], $2::uuid[]) AS now (alias_id, case_id)
WHERE a.alias_id = now.alias_id AND a.case_id <> now.case_id

-- name: put_incident
INSERT INTO incident (incident_id, case_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])
ON CONFLICT (incident_id) DO UPDATE SET case_id = excluded.case_id WHERE incident.case_id <> excluded.case_id

-- name: put_clock
-- Whoever calls this has stopped the incident's clocks just before, under the lock of its case.
INSERT INTO clock (incident_id, name, due_at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])

-- name: stop_clocks
-- An incident that was joined with another has no clocks of its own any more; those of one that stands otherwise are set anew.
DELETE FROM clock WHERE incident_id = ANY($1)

-- name: put_report
INSERT INTO report (report_id, incident_id, source)
SELECT report_id, incident_id, source
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS arrived (report_id, incident_id, source, place)
ORDER BY place
ON CONFLICT (report_id) DO UPDATE SET incident_id = excluded.incident_id WHERE report.incident_id <> excluded.incident_id

-- name: add_version
INSERT INTO report_version (event_key, event_id, report_id, source, arrived_at, faults, sealed, sealed_story, wrapped_key)
SELECT event_key, event_id, report_id, source, arrived_at, faults::jsonb, sealed, sealed_story, wrapped_key
FROM unnest(
        $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[], $8::bytea[], $9::bytea[])
    AS told (event_key, event_id, report_id, source, arrived_at, faults, sealed, sealed_story, wrapped_key)

-- name: add_original
INSERT INTO report_original (event_key, sealed, wrapped_key) SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[])

-- name: wrapped_keys
SELECT v.event_key, v.wrapped_key, o.wrapped_key AS original_wrapped_key
FROM report_version v JOIN report_original o USING (event_key) WHERE v.event_key = ANY($1)

-- name: wrap_anew
UPDATE report_version SET wrapped_key = $2 WHERE event_key = $1

-- name: wrap_original_anew
UPDATE report_original SET wrapped_key = $2 WHERE event_key = $1

-- name: add_link_key
INSERT INTO link_key (token, report_id, source, key_version)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::int[])

-- name: add_review
-- A question stands once, whichever of the two reports asked it.
INSERT INTO link_review (report_id, other_report_id, reasons)
SELECT report_id, other_report_id, reasons::jsonb
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS asked (report_id, other_report_id, reasons)
WHERE NOT EXISTS (
    SELECT FROM link_review r WHERE (r.report_id, r.other_report_id) = (asked.other_report_id, asked.report_id))
ON CONFLICT DO NOTHING

-- name: add_decision
INSERT INTO decision
    (event_key, case_id, incident_id, outcome, link_class, link_reasons, policy_version, decision, sealed_inputs,
    queue_rule, priority_rule, child_grade_rule)
SELECT event_key, case_id, incident_id, outcome, link_class, link_reasons::jsonb, policy_version, decision, sealed_inputs,
    queue_rule, priority_rule, child_grade_rule
FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::bytea[],
        $10::text[], $11::text[], $12::text[])
    AS made (event_key, case_id, incident_id, outcome, link_class, link_reasons, policy_version, decision, sealed_inputs,
        queue_rule, priority_rule, child_grade_rule)

-- name: add_case_event
INSERT INTO case_event (case_id, version, kind, body, prior_hash, hash)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])

-- name: add_outbox
INSERT INTO outbox (message_id, topic, case_id, case_version, event_id, message_key, message, centre)
SELECT message_id, topic, case_id, case_version, event_id, message_key, message, centre
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::bytea[], $7::bytea[], $8::text[])
    WITH ORDINALITY AS told (message_id, topic, case_id, case_version, event_id, message_key, message, centre, place)
ORDER BY place
ON CONFLICT (message_id) DO NOTHING

-- name: wake_relay
NOTIFY outbox

-- name: history
SELECT number FROM history

-- name: raise_alarm
INSERT INTO alarm (code, subject, raised_by) VALUES ($1, $2, $3)
ON CONFLICT (code, subject) DO UPDATE SET seen_at = now(), settled_at = NULL, settled_by = NULL
