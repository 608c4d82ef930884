-- name: arm_clocks
-- Every clock of an open case is armed and far away; what has rung is forgotten. Triggers stay out of it.
WITH far AS (
    UPDATE clock k SET due_at = now() + interval '20 days' FROM incident i JOIN ticket t USING (case_id)
    WHERE i.incident_id = k.incident_id AND t.stage <> 'closed' RETURNING k.incident_id, k.name, k.due_at, i.case_id
)
INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)
SELECT 'clock', incident_id || '/' || name, case_id, now(), due_at, now() + interval '10 days' FROM far

-- name: set_off
-- $1 clocks of dispatch warn, 6 hours before they are due, evenly spread over $2 seconds, the first in $3 seconds.
WITH picked AS (
    SELECT incident_id, name, row_number() OVER () AS n FROM (
        SELECT k.incident_id, k.name FROM clock k JOIN incident i USING (incident_id) JOIN ticket t USING (case_id)
        WHERE k.name = 'dispatch' AND t.stage <> 'closed' ORDER BY k.incident_id LIMIT $1) AS first_ones
), moved AS (
    UPDATE clock k SET due_at = clock_timestamp() + make_interval(hours => 6, secs => $3::float8 + $2::float8 * p.n / $1)
    FROM picked p WHERE (k.incident_id, k.name) = (p.incident_id, p.name) RETURNING k.incident_id, k.name, k.due_at
)
UPDATE timer r SET due_at = m.due_at, next_at = m.due_at - interval '6 hours' FROM moved m
WHERE r.kind = 'clock' AND r.subject = m.incident_id || '/' || m.name

-- name: found
SELECT count(*) AS rang, count(*) - count(DISTINCT (kind, subject, rung)) AS twice,
    (SELECT count(*) FROM notification) AS told, (SELECT count(*) FROM timer WHERE next_at < now() - interval '1 second') AS left,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY late)::float8 AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY late)::float8 AS p99,
    max(late)::float8 AS max
FROM (SELECT *, extract(epoch FROM fired_at - planned_at) AS late FROM timer_firing) AS f
