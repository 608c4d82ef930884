-- What was told of each case, read slice by slice of the space of case ids, so that no statement and no transaction lasts.

-- name: versions_in_all
SELECT count(*) FROM report_version

-- name: slice
-- Cases of which anything arrived in the time asked for, with all that arrived before its end.
WITH told AS (
    SELECT DISTINCT i.case_id FROM incident i JOIN report r USING (incident_id) JOIN report_version v USING (report_id)
    WHERE i.case_id BETWEEN $1 AND $2 AND v.arrived_at >= $3 AND v.arrived_at < $4
)
SELECT i.case_id, i.incident_id, r.report_id, r.arrival_no, v.event_key, v.event_id, v.arrived_at, v.faults, v.sealed,
    v.sealed_story, v.wrapped_key
FROM told JOIN incident i USING (case_id) JOIN report r USING (incident_id) JOIN report_version v USING (report_id)
WHERE v.arrived_at < $4
ORDER BY i.case_id, v.arrived_at, r.arrival_no, v.event_key
