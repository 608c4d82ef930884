-- Decisions with what they read. The facts of a version stand in its own decision's receipt.

-- name: decisions_of
-- Of all versions of the reports that stand in this case now, in the order in which they were decided.
SELECT d.event_key, d.decision, d.sealed_inputs, d.decided_at, v.wrapped_key, i.case_id
FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id) JOIN decision d USING (event_key)
WHERE i.case_id = $1
ORDER BY d.decided_at, r.arrival_no, d.event_key

-- name: inputs_of
SELECT d.event_key, d.decision, d.sealed_inputs, d.decided_at, v.wrapped_key, i.case_id
FROM decision d JOIN report_version v USING (event_key) JOIN report r USING (report_id)
JOIN incident i ON i.incident_id = r.incident_id
WHERE d.event_key = ANY($1)
