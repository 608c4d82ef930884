-- Erasures of cases: who proposed and approved them, and how far they are.

-- name: standing
-- A case as it stands before it is erased; case_file's row is locked by whoever changes it.
SELECT c.state,
    EXISTS (SELECT FROM erasure e WHERE e.case_id = c.case_id AND e.state IN ('proposed', 'begun')) AS is_proposed,
    EXISTS (SELECT FROM case_transfer t WHERE t.case_id = c.case_id AND t.state = 'proposed') AS transfer_waits
FROM case_file c WHERE c.case_id = $1

-- name: propose
INSERT INTO erasure (erasure_id, case_id, reason, state, proposed_by) VALUES ($1, $2, $3, 'proposed', $4)
ON CONFLICT DO NOTHING RETURNING 1

-- name: is_known
SELECT EXISTS (SELECT FROM erasure WHERE erasure_id = $1)

-- name: find
SELECT * FROM erasure WHERE erasure_id = $1

-- name: lock
SELECT * FROM erasure WHERE erasure_id = $1 FOR UPDATE

-- name: refuse
UPDATE erasure SET state = 'refused', answered_by = $2, answered_at = now() WHERE erasure_id = $1

-- name: begin
UPDATE erasure SET state = 'begun', answered_by = $2, answered_at = $3, record = $4 WHERE erasure_id = $1

-- name: keys_gone
UPDATE erasure SET keys_gone_at = coalesce(keys_gone_at, now()) WHERE erasure_id = $1

-- name: listed
UPDATE erasure SET listed_at = coalesce(listed_at, now()) WHERE erasure_id = $1

-- name: done
UPDATE erasure SET state = 'done', done_at = now() WHERE erasure_id = $1 AND state = 'begun' RETURNING 1

-- name: bring_in
-- An erasure that this database does not know: it was restored from a backup.
INSERT INTO erasure (erasure_id, case_id, reason, state, proposed_by, proposed_at, answered_by, answered_at, record)
VALUES ($1, $2, $3, 'begun', $4, $5, $6, $5, $7)
ON CONFLICT (erasure_id) DO UPDATE SET
    state = 'begun', answered_by = excluded.answered_by, answered_at = excluded.answered_at, record = excluded.record
WHERE erasure.state = 'proposed'

-- name: refuse_open_proposals
-- A restored database may have another proposal open for a case that was erased since.
UPDATE erasure SET state = 'refused', answered_by = $3, answered_at = now()
WHERE case_id = $1 AND state = 'proposed' AND erasure_id <> $2

-- name: open_ones
SELECT e.*, c.queue, c.centre FROM erasure e LEFT JOIN case_file c USING (case_id)
WHERE e.state IN ('proposed', 'begun') ORDER BY e.proposed_at, e.erasure_id LIMIT $1

-- name: begun
SELECT record FROM erasure WHERE state = 'begun' ORDER BY answered_at, erasure_id

-- name: known
SELECT erasure_id, state, record FROM erasure WHERE state IN ('begun', 'done')

-- name: back
-- Cases that are done with, and open again: Kafka brought them back into a restored database.
SELECT DISTINCT c.case_id
FROM erasure e CROSS JOIN LATERAL jsonb_array_elements_text(e.record->'owners') AS gone (owner_id)
JOIN case_file c ON c.case_id = gone.owner_id::uuid
WHERE e.state = 'done' AND c.state NOT IN ('merged', 'erased')

-- name: elsewhere
SELECT r.report_id, c.case_id FROM report r JOIN incident USING (incident_id) JOIN case_file c USING (case_id)
WHERE r.report_id = ANY($1) AND c.state <> 'erased'

-- name: past_homes
-- Before the migration that notes them, a decision names the first.
SELECT DISTINCT was.case_id FROM report_version v
CROSS JOIN LATERAL (
    SELECT case_id FROM past_home WHERE event_key = v.event_key
    UNION ALL SELECT case_id FROM decision WHERE event_key = v.event_key
) AS was
WHERE v.report_id = ANY($1) AND was.case_id <> ALL($2)
ORDER BY was.case_id

-- name: states
SELECT erasure_id, state FROM erasure WHERE state IN ('begun', 'done')

-- name: version_keys
SELECT event_key FROM report_version WHERE report_id = ANY($1)

-- name: reports
SELECT r.report_id, r.arrival_no, r.incident_id FROM incident i JOIN report r USING (incident_id)
WHERE i.case_id = $1 ORDER BY r.arrival_no

-- name: reports_of_cases
SELECT r.report_id FROM incident i JOIN report r USING (incident_id) WHERE i.case_id = ANY($1)

-- name: aliases
-- Those that went up in it, also through others.
WITH RECURSIVE gone (case_id) AS (
    SELECT alias_id FROM case_alias WHERE case_id = $1
    UNION
    SELECT a.alias_id FROM gone JOIN case_alias a ON a.case_id = gone.case_id
)
SELECT case_id FROM gone

-- name: living
-- Of these ids, those of other cases that are not in it: their keys stay.
SELECT case_id FROM case_file WHERE case_id = ANY($1) AND state NOT IN ('merged', 'erased')

-- name: events
-- Every message that became a version of its reports, with the digest by which it is known.
SELECT b.event_key, b.digest FROM inbox b
WHERE b.event_key = ANY(SELECT v.event_key FROM report_version v WHERE v.report_id = ANY($1))

-- name: add_events
INSERT INTO erased_event (event_key, digest) SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING

-- name: close
UPDATE case_file SET state = 'erased', version = $2, head_hash = $3 WHERE case_id = $1

-- name: keep_conflicts
-- Whoever was a party to a case that goes stays one of its household.
INSERT INTO past_conflict (staff, household_id)
SELECT DISTINCT t.staff, c.household_id
FROM link_key k JOIN staff_tie t USING (token) JOIN report r USING (report_id) JOIN incident i USING (incident_id)
JOIN case_file c USING (case_id)
WHERE k.report_id = ANY($1) ON CONFLICT DO NOTHING

-- name: drop_tokens
DELETE FROM link_key WHERE report_id = ANY($1)

-- name: drop_edges
DELETE FROM link_edge WHERE report_a = ANY($1) OR report_b = ANY($1)

-- name: drop_ties
DELETE FROM link_tie WHERE report_a = ANY($1) OR report_b = ANY($1)

-- name: drop_questions
DELETE FROM link_review WHERE report_id = ANY($1) OR other_report_id = ANY($1)

-- name: drop_claim
DELETE FROM claim WHERE case_id = $1

-- name: long_closed
-- Closed cases to which nothing has happened since, a page at a time. Whether they are due, the births tell.
SELECT c.case_id, e.recorded_at FROM case_file c
CROSS JOIN LATERAL (SELECT max(recorded_at) AS recorded_at FROM case_event WHERE case_id = c.case_id) AS e
WHERE c.state = 'closed' AND e.recorded_at < $1 AND c.case_id > $2
    AND NOT EXISTS (SELECT FROM erasure WHERE erasure.case_id = c.case_id AND erasure.state IN ('proposed', 'begun'))
ORDER BY c.case_id LIMIT $3

-- name: last_thing
SELECT c.state, (SELECT max(recorded_at) FROM case_event WHERE case_id = c.case_id) AS recorded_at
FROM case_file c WHERE c.case_id = $1
