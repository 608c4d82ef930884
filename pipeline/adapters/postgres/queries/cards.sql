-- What is opened of a case, by whoever acts; the views hold what this person may see of it now.

-- name: open
SELECT open_case($1, $2, $3)

-- name: case
SELECT queue, is_sexual, has_broken_glass(case_id) AS has_broken_glass, protective_lead(case_id) AS protective_lead
FROM case_file WHERE case_id = $1

-- name: reports
SELECT r.report_id, r.arrival_no, r.event_key, r.arrived_at, r.faults, r.sealed, r.wrapped_key, s.sealed_story
FROM revealed_report r LEFT JOIN revealed_story s ON s.event_key = r.event_key
WHERE r.case_id = $1 ORDER BY r.arrival_no, r.event_key

-- name: originals
SELECT o.event_key, o.sealed, o.wrapped_key FROM revealed_original o WHERE o.case_id = $1

-- name: tell_read
SELECT tell_read($1, $2, $3)

-- name: ended_claims
SELECT case_id, staff, ended_at FROM claim_ended ORDER BY ended_at DESC LIMIT $1

-- name: counts
SELECT cell, cases FROM case_counts($1)
