-- What people decide of links.

-- name: is_applied
SELECT EXISTS (SELECT FROM ruling WHERE ruling_id = $1)

-- name: reports_of_case
SELECT r.report_id FROM incident i JOIN report r USING (incident_id)
WHERE i.case_id = coalesce((SELECT case_id FROM case_alias WHERE alias_id = $1), $1)
ORDER BY r.arrival_no

-- name: add_ruling
INSERT INTO ruling (ruling_id, kind, scope, reports, ruled_by, seconded_by) VALUES ($1, $2, $3, $4, $5, $6)

-- name: put_ties
-- The latest word on two reports holds.
INSERT INTO link_tie (report_a, report_b, scope, together, ruling_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[], $5::uuid[])
ON CONFLICT (report_a, report_b, scope) DO UPDATE SET together = excluded.together, ruling_id = excluded.ruling_id

-- name: answer_reviews
-- A question about two reports that somebody has decided of is answered.
UPDATE link_review SET answered_at = now()
FROM unnest($1::uuid[], $2::uuid[]) AS ruled (a, b)
WHERE answered_at IS NULL AND ((report_id, other_report_id) = (a, b) OR (report_id, other_report_id) = (b, a))
