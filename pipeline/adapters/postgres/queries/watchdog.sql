-- name: cases_unarmed
-- Open cases for which nothing would ring while it matters: within a week where nobody has screened them, else within the
-- longest silence that a policy can ask for. What arms a timer does so in the transaction that changes the case.
SELECT t.case_id::text AS subject FROM ticket t
WHERE t.stage NOT IN ('closed', 'merged', 'erased') AND NOT EXISTS (
    SELECT FROM timer r WHERE r.kind = 'stage' AND (r.subject, r.case_id) = (t.case_id::text, t.case_id) AND r.next_at < now()
        + CASE WHEN t.stage IN ('waiting', 'claimed') THEN interval '8 days' ELSE interval '733 days' END)
LIMIT $1

-- name: clocks_unarmed
-- Clocks of open cases whose work is not done, and whose timer is gone, stands still, or is set for another time or one long past it.
SELECT k.incident_id || '/' || k.name AS subject
FROM ticket t JOIN incident i USING (case_id) JOIN clock k USING (incident_id)
WHERE t.stage NOT IN ('closed', 'merged', 'erased')
  AND NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (k.incident_id, k.name))
  AND NOT EXISTS (
    SELECT FROM timer r WHERE r.kind = 'clock' AND r.subject = k.incident_id || '/' || k.name AND r.due_at = k.due_at
      AND r.next_at < greatest(k.due_at, now()) + interval '733 days')
LIMIT $1

-- name: lateness
-- How long the most overdue timer waits to be looked at, and how late those rang that rang in the last ten minutes.
SELECT
    coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(next_at) FROM timer WHERE next_at IS NOT NULL)), 0)::float8 AS oldest_s,
    (SELECT coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM fired_at - planned_at)), 0)::float8
     FROM timer_firing WHERE fired_at > now() - interval '10 minutes') AS p99_s

-- name: ringing
SELECT code, subject FROM alarm WHERE settled_at IS NULL AND raised_by = 'auditor' AND code = ANY($1)
