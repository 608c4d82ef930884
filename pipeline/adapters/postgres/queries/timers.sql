-- name: due
-- Several watchers share the work: what one of them is looking at, the others pass over. By now(), which an index can use.
SELECT kind, subject, case_id, begun_at, next_at, rung, policy_version, held_since, held_s, now() AS now FROM timer
WHERE next_at <= now() ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: clocks
-- The clocks of the law that these timers stand for, those that are unmet; the incident says whose they are now.
SELECT k.incident_id || '/' || k.name AS subject, k.name, k.due_at, i.case_id
FROM unnest($1::uuid[], $2::text[]) AS t (incident_id, name)
JOIN clock k ON (k.incident_id, k.name) = (t.incident_id, t.name) JOIN incident i ON i.incident_id = t.incident_id
WHERE NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (t.incident_id, t.name))

-- name: tasks
SELECT task_id::text AS subject, kind AS name, due_at, case_id FROM task WHERE task_id = ANY($1) AND done_at IS NULL

-- name: cases
SELECT t.case_id, t.stage, t.priority, t.centre, t.county, k.staff AS holder, k.lease_until FROM ticket t
LEFT JOIN claim k USING (case_id) WHERE t.case_id = ANY($1)

-- name: served
-- What the policy asks of a case that somebody has accepted: by its dangers, and by what is there already.
SELECT c.case_id, c.categories, c.standing ->> 'child_grade' AS child_grade,
    ARRAY(SELECT jsonb_array_elements_text(c.standing -> 'tags')) AS tags,
    ARRAY(SELECT r ->> 'code' FROM jsonb_array_elements(c.standing -> 'reasons') AS r) AS reasons,
    ARRAY(SELECT a.kind FROM task a WHERE a.case_id = c.case_id ORDER BY a.task_id) AS task_kinds,
    ARRAY(SELECT a.done_at FROM task a WHERE a.case_id = c.case_id ORDER BY a.task_id) AS tasks_done,
    ARRAY(SELECT a.dropped AND a.done_by = 'system' FROM task a WHERE a.case_id = c.case_id ORDER BY a.task_id) AS tasks_lost
FROM case_file c WHERE c.case_id = ANY($1)

-- name: rung
-- When each of these rang last, and when somebody acknowledged that rung, since it began: a lower one's word stops no higher.
SELECT t.kind, t.subject,
    (SELECT max(f.fired_at) FROM timer_firing f WHERE (f.kind, f.subject) = (t.kind, t.subject) AND f.fired_at >= t.begun_at) AS rang_at,
    (SELECT max(n.acked_at) FROM notification n WHERE (n.kind, n.subject, n.rung) = (t.kind, t.subject, t.rung - 1)
        AND n.acked_at >= t.begun_at) AS acked_at
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[]) AS t (kind, subject, begun_at, rung)

-- name: fire
INSERT INTO timer_firing (kind, subject, case_id, rung, planned_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::timestamptz[])

-- name: notify
-- Its id follows from what rings and for whom: rung again after a crash it is the same one.
INSERT INTO notification
    (notification_id, case_id, kind, subject, code, rung, audience, staff, centre, county, priority, due_at, needs_ack)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::timestamptz[], $13::bool[])
ON CONFLICT (notification_id) DO NOTHING

-- name: move
UPDATE timer t SET case_id = told.case_id, rung = told.rung, next_at = told.next_at, due_at = told.due_at,
    policy_version = told.policy_version
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::text[])
    AS told (kind, subject, case_id, rung, next_at, due_at, policy_version)
WHERE (t.kind, t.subject) = (told.kind, told.subject)

-- name: drop
DELETE FROM timer t USING unnest($1::text[], $2::text[]) AS over (kind, subject)
WHERE (t.kind, t.subject) = (over.kind, over.subject)

-- name: set_due
-- Somebody may be doing the task at this moment: what they hold is passed over, and set by the next look.
UPDATE task SET due_at = told.due_at FROM unnest($1::uuid[], $2::timestamptz[]) AS told (task_id, due_at)
WHERE task.task_id IN (SELECT o.task_id FROM task o WHERE o.task_id = ANY($1) AND o.due_at IS NULL FOR UPDATE SKIP LOCKED)
  AND task.task_id = told.task_id

-- name: open_tasks
INSERT INTO task (task_id, case_id, kind, due_at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
ON CONFLICT (task_id) DO NOTHING

-- name: lapse
-- In a transaction of its own, in which no timer is held: it locks the case.
SELECT lapse_claim($1)


-- name: arm_again
-- What is open and has no timer that will ever be looked at, or one that is set for another time. What had rung of it, for
-- this time or at this priority, does not ring anew: the ladder goes on where it stood.
WITH open AS MATERIALIZED (
    SELECT case_id, stage, priority, since FROM ticket WHERE stage NOT IN ('closed', 'merged', 'erased')
), missing AS (
    SELECT 'stage' AS kind, t.case_id::text AS subject, t.case_id, t.since AS begun_at, t.since AS due_at, t.priority,
        CASE WHEN t.stage = 'claimed' THEN t.since END AS held_since
    FROM open t WHERE NOT EXISTS (SELECT FROM timer r WHERE r.kind = 'stage' AND (r.subject, r.case_id) = (t.case_id::text, t.case_id)
        AND r.next_at < now() + CASE WHEN t.stage IN ('waiting', 'claimed') THEN interval '8 days' ELSE interval '733 days' END)
    UNION ALL
    SELECT 'lease', k.case_id::text, k.case_id, k.claimed_at, k.lease_until, t.priority, NULL
    FROM open t JOIN claim k USING (case_id) WHERE t.stage = 'claimed' AND k.lease_until IS NOT NULL
      AND NOT EXISTS (SELECT FROM timer r WHERE r.kind = 'lease' AND r.subject = k.case_id::text AND r.next_at < now() + interval '733 days')
    UNION ALL
    SELECT 'clock', k.incident_id || '/' || k.name, t.case_id, clock_timestamp(), k.due_at, NULL, NULL
    FROM open t JOIN incident i USING (case_id) JOIN clock k USING (incident_id)
    WHERE NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (k.incident_id, k.name))
      AND NOT EXISTS (SELECT FROM timer r WHERE r.kind = 'clock' AND r.subject = k.incident_id || '/' || k.name
        AND r.due_at = k.due_at AND r.next_at < greatest(k.due_at, now()) + interval '733 days')
    UNION ALL
    SELECT 'task', a.task_id::text, a.case_id, a.opened_at, coalesce(a.due_at, a.opened_at), NULL, NULL
    FROM task a JOIN ticket t USING (case_id) WHERE a.done_at IS NULL AND t.stage NOT IN ('merged', 'erased')
      AND NOT EXISTS (SELECT FROM timer r WHERE r.kind = 'task' AND r.subject = a.task_id::text AND r.next_at < now() + interval '733 days')
    LIMIT $1
), armed AS (
    INSERT INTO timer AS r (kind, subject, case_id, begun_at, due_at, next_at, rung, held_since)
    SELECT m.kind, m.subject, m.case_id, least(m.begun_at, f.fired_at), m.due_at, clock_timestamp(), coalesce(n.rungs, 0), m.held_since
    FROM missing m CROSS JOIN LATERAL (
        SELECT min(n.made_at) AS made_at, min(n.rung) AS first, max(n.rung) + 1 AS rungs FROM notification n
        WHERE (n.kind, n.subject) = (m.kind, m.subject)
          AND CASE m.kind WHEN 'stage' THEN n.made_at >= m.begun_at AND n.priority = m.priority ELSE n.due_at = m.due_at END) n
    LEFT JOIN LATERAL (
        SELECT max(f.fired_at) AS fired_at FROM timer_firing f
        WHERE (f.kind, f.subject, f.rung) = (m.kind, m.subject, n.first) AND f.fired_at <= n.made_at) f ON true
    ON CONFLICT (kind, subject) DO UPDATE SET case_id = excluded.case_id, begun_at = excluded.begun_at,
        due_at = excluded.due_at, next_at = excluded.next_at, rung = excluded.rung, policy_version = NULL,
        held_since = excluded.held_since, held_s = 0
        WHERE r.next_at IS NULL OR r.next_at >= now() + interval '8 days' OR r.case_id <> excluded.case_id
            OR (r.kind = 'clock' AND r.due_at <> excluded.due_at)
    RETURNING r.kind
)
SELECT kind, count(*)::int AS timers FROM armed GROUP BY kind ORDER BY kind
