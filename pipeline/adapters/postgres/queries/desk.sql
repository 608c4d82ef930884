-- What a person reads at the desk, inside acting_as: Postgres leaves of each table what their post covers.

-- name: cases
SELECT * FROM cases_of_mine($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: one
SELECT c.case_id, c.version, c.state, c.queue, c.priority, c.county, c.centre, c.standing, c.opened_at, c.categories,
    c.linked_case_id, t.stage, t.fence, t.since, t.returns, t.screening, t.result, t.reason, t.place, t.proposed_by,
    t.disputed_by, t.dispute_level, k.staff AS held_by, k.claimed_at, k.lease_until,
    (SELECT min(d.due_at) FROM clock d JOIN incident i USING (incident_id)
     WHERE i.case_id = c.case_id AND NOT EXISTS (
         SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (d.incident_id, d.name))) AS next_deadline
FROM case_file c JOIN ticket t USING (case_id) LEFT JOIN claim k USING (case_id) WHERE c.case_id = $1

-- name: incidents
SELECT i.incident_id,
    coalesce((SELECT jsonb_object_agg(t.name, t.due_at) FROM clock t WHERE t.incident_id = i.incident_id), '{}') AS clocks,
    coalesce((SELECT jsonb_object_agg(m.name, jsonb_build_object('at', m.met_at, 'by', m.met_by)) FROM clock_met m
        WHERE m.incident_id = i.incident_id), '{}') AS met,
    coalesce((SELECT array_agg(r.report_id ORDER BY r.arrival_no) FROM report r WHERE r.incident_id = i.incident_id), '{}')
        AS reports
FROM incident i WHERE i.case_id = $1 ORDER BY i.incident_id

-- name: tasks_of_case
SELECT task_id, kind, opened_at, due_at FROM task WHERE case_id = $1 AND done_at IS NULL ORDER BY due_at, task_id

-- name: queues
SELECT * FROM queues_of_mine()

-- name: tasks
SELECT * FROM tasks_of_mine($1, $2, coalesce($3::timestamptz, 'infinity'), $4, $5)

-- name: task_done
SELECT done_with($1)

-- name: history
SELECT * FROM history_of_mine($1, $2, $3)

-- name: nudged
SELECT case_id, centre, version FROM case_file WHERE case_id = ANY ($1::uuid[])

-- name: end_shift
SELECT end_shift()

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
