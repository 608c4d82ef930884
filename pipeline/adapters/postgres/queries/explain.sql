-- Why reports stand together. Nothing here is sealed: fields and how they agree, never what they say.

-- name: home
SELECT r.incident_id, i.case_id, c.household_id
FROM report r JOIN incident i USING (incident_id) JOIN case_file c USING (case_id) WHERE r.report_id = $1

-- name: mates
SELECT r.report_id, r.incident_id FROM incident i JOIN report r USING (incident_id)
WHERE i.case_id = $1 AND r.report_id <> $2

-- name: other_edges
-- The most alike of those that stand in other cases.
(SELECT report_a, report_b, household, incident, reasons, weights_version FROM link_edge
 WHERE report_a = $1 AND report_b <> ALL($2))
UNION ALL
(SELECT report_a, report_b, household, incident, reasons, weights_version FROM link_edge
 WHERE report_b = $1 AND report_a <> ALL($2))
ORDER BY household DESC, report_a, report_b LIMIT $3

-- name: edges_with
SELECT report_a, report_b, household, incident, reasons, weights_version FROM link_edge
WHERE report_a = $1 AND report_b = ANY($2) OR report_b = $1 AND report_a = ANY($2)

-- name: said
-- Of this report with any other, and of those of its case among themselves.
SELECT t.report_a, t.report_b, t.scope, t.together, u.kind, u.ruling_id, u.ruled_by, u.seconded_by, u.ruled_at
FROM link_tie t JOIN ruling u USING (ruling_id)
WHERE t.report_a = $1 OR t.report_b = $1 OR (t.report_a = ANY($2) AND t.report_b = ANY($2))

-- name: asked
SELECT other_report_id AS other FROM link_review WHERE report_id = $1 AND answered_at IS NULL
UNION
SELECT report_id FROM link_review WHERE other_report_id = $1 AND answered_at IS NULL
