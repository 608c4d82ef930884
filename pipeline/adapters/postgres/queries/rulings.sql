-- What people decide of links.

-- name: is_applied
SELECT EXISTS (SELECT FROM ruling WHERE ruling_id = $1)

-- name: named
-- What an id stands for: a report, a case or the case that it went up in, an incident, or an event.
SELECT 'report' AS what, report_id, arrival_no FROM report WHERE report_id = $2
UNION ALL
SELECT 'case', report_id, arrival_no FROM incident JOIN report USING (incident_id)
WHERE case_id = coalesce((SELECT a.case_id FROM case_alias a WHERE a.alias_id = $2), $2)
UNION ALL
SELECT 'incident', report_id, arrival_no FROM report WHERE incident_id = $2
UNION ALL
SELECT DISTINCT 'event', report_id, arrival_no FROM report_version JOIN report USING (report_id)
WHERE event_key = $2 OR event_id = $1
ORDER BY arrival_no

-- name: add_ruling
INSERT INTO ruling (ruling_id, kind, scope, reports, ruled_by, seconded_by) VALUES ($1, $2, $3, $4, $5, $6)

-- name: put_ties
-- The latest word on two reports holds.
INSERT INTO link_tie (report_a, report_b, scope, together, ruling_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[], $5::uuid[])
ON CONFLICT (report_a, report_b, scope) DO UPDATE SET together = excluded.together, ruling_id = excluded.ruling_id

-- name: answer_reviews
-- Questions about reports that somebody has decided of together are answered.
UPDATE link_review SET answered_at = now()
WHERE answered_at IS NULL AND report_id = ANY($1) AND other_report_id = ANY($1)

-- name: open_reviews
-- A question whose reports have come together in one incident since has answered itself.
SELECT q.asked_at, q.reasons,
    one.report_id, one.case_id, one.queue, one.priority, one.county, one.centre, one.state,
    other.report_id AS other_report_id, other.case_id AS other_case_id, other.queue AS other_queue,
    other.priority AS other_priority, other.county AS other_county, other.centre AS other_centre,
    other.state AS other_state
FROM link_review q
CROSS JOIN LATERAL (
    SELECT r.report_id, r.incident_id, c.case_id, c.queue, c.priority, c.county, c.centre, c.state
    FROM report r JOIN incident i USING (incident_id) JOIN case_file c USING (case_id)
    WHERE r.report_id = q.report_id) AS one
CROSS JOIN LATERAL (
    SELECT r.report_id, r.incident_id, c.case_id, c.queue, c.priority, c.county, c.centre, c.state
    FROM report r JOIN incident i USING (incident_id) JOIN case_file c USING (case_id)
    WHERE r.report_id = q.other_report_id) AS other
WHERE q.answered_at IS NULL AND one.incident_id <> other.incident_id
ORDER BY q.asked_at, q.report_id, q.other_report_id LIMIT $1

-- name: is_asked
SELECT EXISTS (
    SELECT FROM link_review WHERE answered_at IS NULL
    AND ((report_id, other_report_id) = ($1, $2) OR (report_id, other_report_id) = ($2, $1)))

-- name: incidents_of
SELECT count(DISTINCT incident_id) FROM report WHERE report_id = ANY($1)
