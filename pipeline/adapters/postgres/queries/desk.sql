-- What a person reads at the desk, inside acting_as: Postgres leaves of each table what their post covers.

-- name: queue
-- The gravest first, then the longest open.
WITH shown AS (
    SELECT c.case_id, c.version, c.state, c.queue, c.priority, c.county, c.centre, c.standing, c.opened_at, c.categories,
        c.linked_case_id, array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], c.priority) AS rank,
        k.staff AS held_by, k.claimed_at
    FROM case_file c LEFT JOIN claim k USING (case_id)
    WHERE c.state = ANY ($1) AND ($2::text IS NULL OR c.queue = $2) AND ($3::text IS NULL OR c.priority = $3)
      AND ($4::text IS NULL OR c.centre = $4)
      AND CASE $5 WHEN 'anyone' THEN true WHEN 'nobody' THEN k.staff IS NULL WHEN 'me' THEN k.staff = acting_staff() END
), page AS (
    SELECT * FROM shown
    WHERE $6::int IS NULL OR (rank, opened_at, case_id) > ($6, $7::timestamptz, $8::uuid)
    ORDER BY rank, opened_at, case_id LIMIT $9
)
SELECT page.*,
    (SELECT min(t.due_at) FROM clock t JOIN incident i USING (incident_id) WHERE i.case_id = page.case_id) AS next_deadline
FROM page ORDER BY rank, opened_at, case_id

-- name: one
SELECT c.case_id, c.version, c.state, c.queue, c.priority, c.county, c.centre, c.standing, c.opened_at, c.categories,
    c.linked_case_id, k.staff AS held_by, k.claimed_at,
    (SELECT min(t.due_at) FROM clock t JOIN incident i USING (incident_id) WHERE i.case_id = c.case_id) AS next_deadline
FROM case_file c LEFT JOIN claim k USING (case_id) WHERE c.case_id = $1

-- name: incidents
SELECT i.incident_id,
    coalesce((SELECT jsonb_object_agg(t.name, t.due_at) FROM clock t WHERE t.incident_id = i.incident_id), '{}') AS clocks,
    coalesce((SELECT array_agg(r.report_id ORDER BY r.arrival_no) FROM report r WHERE r.incident_id = i.incident_id), '{}')
        AS reports
FROM incident i WHERE i.case_id = $1 ORDER BY i.incident_id

-- name: act
SELECT act_on_case($1, $2, $3, $4)

-- name: claim_next
SELECT claim_next($1, $2, $3)

-- name: renew
SELECT renew_claim($1, $2, $3)

-- name: refuse
SELECT refuse_act($1, $2, $3)

-- name: unseen_reports
SELECT EXISTS (SELECT FROM unnest($1::uuid[]) AS wanted (report_id) LEFT JOIN report r USING (report_id) WHERE r.report_id IS NULL)

-- name: seen_cases
SELECT case_id FROM case_file WHERE case_id = ANY ($1)

-- name: records
SELECT number, message FROM records_of_my_centre($1, $2)

-- name: transfers
SELECT t.transfer_id, t.case_id, t.from_centre, t.to_centre, t.to_county, t.reason, t.state, t.proposed_by, t.proposed_at,
    covers(acting_scope(), t.to_centre, t.to_county) AS is_yours_to_answer
FROM case_transfer t WHERE t.state = 'proposed' ORDER BY t.proposed_at, t.transfer_id LIMIT $1

-- name: transfer
SELECT covers(acting_scope(), t.to_centre, t.to_county) AS is_yours_to_answer
FROM case_transfer t WHERE t.transfer_id = $1

-- name: streams
SELECT stream, number FROM access_head ORDER BY stream

-- name: events
SELECT number, at, kind, actor, body, hash FROM access_event WHERE stream = $1 AND number > $2 ORDER BY number LIMIT $3
