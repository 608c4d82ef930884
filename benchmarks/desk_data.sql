-- A country's desk, made in the database itself; triggers and foreign keys are off while it is made.
-- Every choice is a digest of the case's number, so that the same sizes are the same cases.

-- name: prepare
CREATE FUNCTION bench_pick(number bigint, salt int) RETURNS float LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT (hashint8extended(number, salt) & 1048575) / 1048576.0 $$;
CREATE FUNCTION bench_case(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT md5('case ' || number)::uuid $$;
CREATE TABLE bench_centre (
    number int PRIMARY KEY, code text NOT NULL, county text NOT NULL, queue text NOT NULL,
    share_from float NOT NULL, share_to float NOT NULL, staff int NOT NULL
);

-- name: indexes
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made_by FROM pg_index i
WHERE i.indrelid IN ('case_file'::regclass, 'ticket'::regclass, 'claim'::regclass, 'incident'::regclass, 'report'::regclass,
    'link_key'::regclass, 'timer'::regclass) AND NOT i.indisunique

-- name: add_centre
INSERT INTO bench_centre VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: add_staff
INSERT INTO staff (staff) SELECT 'w' || c.number || '-' || n FROM bench_centre c, generate_series(1, c.staff) AS n

-- name: add_posts
INSERT INTO post (staff, role, scope)
SELECT 'w' || c.number || '-' || n, CASE c.queue WHEN 'family' THEN 'family_worker' ELSE 'protective_worker' END, c.code
FROM bench_centre c, generate_series(1, c.staff) AS n

-- name: drawn
-- $1 to $2: numbers of cases; open where a number is at most $3.
CREATE TEMP TABLE drawn AS
SELECT n AS number, bench_case(n) AS case_id, c.number AS centre_no, c.code AS centre, c.county, c.queue, c.staff,
    CASE WHEN bench_pick(n, 2) < 0.03 THEN 'immediate' WHEN bench_pick(n, 2) < 0.2 THEN 'urgent'
        WHEN bench_pick(n, 2) < 0.7 THEN 'standard' ELSE 'routine' END AS priority,
    (bench_pick(n, 3) * bench_pick(n, 4) * 120)::int AS score,
    CASE WHEN n > $3 THEN 'closed' WHEN bench_pick(n, 5) < 0.2 THEN 'waiting' WHEN bench_pick(n, 5) < 0.22 THEN 'claimed'
        WHEN bench_pick(n, 5) < 0.23 THEN 'not_opening' WHEN bench_pick(n, 5) < 0.28 THEN 'screened'
        WHEN bench_pick(n, 5) < 0.4 THEN 'accepted' WHEN bench_pick(n, 5) < 0.98 THEN 'in_service'
        WHEN bench_pick(n, 5) < 0.99 THEN 'with_supervisor' ELSE 'disputed' END AS stage,
    now() - bench_pick(n, 6) * CASE WHEN n > $3 THEN interval '5 years' ELSE interval '180 days' END AS opened_at
FROM generate_series($1::bigint, $2::bigint) AS n
JOIN bench_centre c ON c.number = width_bucket(bench_pick(n, 1), (SELECT array_agg(share_from ORDER BY number) FROM bench_centre))

-- name: cases
INSERT INTO case_file (case_id, household_id, version, state, queue, priority, county, centre, standing, routing, head_hash, opened_at,
    categories, is_sexual)
SELECT d.case_id, d.case_id, 1, CASE WHEN d.stage IN ('waiting', 'closed') THEN d.stage ELSE 'claimed' END, d.queue, d.priority, d.county,
    d.centre, jsonb_build_object('queue', d.queue, 'also', '[]'::jsonb, 'priority', d.priority, 'child_grade', NULL, 'tags', '[]'::jsonb,
        'policy_version', 'default-2026.1', 'rows', NULL, 'said', NULL, 'reasons', jsonb_build_array(
            jsonb_build_object('code', 'intimate_partner_violence', 'field', 'categories', 'points', d.score),
            jsonb_build_object('code', 'injury_visible', 'field', 'indicators', 'points', 0),
            jsonb_build_object('code', 'unemployment', 'field', 'indicators', 'points', 0))),
    jsonb_build_object('county', d.county, 'centre', d.centre, 'town', NULL, 'grade', NULL, 'reasons', '["residence"]'::jsonb),
    '\x0000000000000000000000000000000000000000000000000000000000000000', d.opened_at,
    CASE WHEN bench_pick(d.number, 12) < 0.2 THEN '{child_protection}'::text[] ELSE '{intimate_partner_violence}' END, false
FROM drawn d

-- name: tickets
INSERT INTO ticket (case_id, stage, fence, since, queue, centre, county, priority, place, opened_at, result, dispute_level)
SELECT d.case_id, d.stage, CASE d.stage WHEN 'waiting' THEN 0 ELSE 1 END, d.opened_at, d.queue, d.centre, d.county, d.priority,
    1000000 * array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], d.priority) - d.score, d.opened_at,
    CASE d.stage WHEN 'closed' THEN 'established' END, CASE d.stage WHEN 'disputed' THEN 'district' END
FROM drawn d

-- name: claims
INSERT INTO claim (case_id, staff, role, scope, claimed_at, fence, lease_until)
SELECT d.case_id, 'w' || d.centre_no || '-' || 1 + (bench_pick(d.number, 7) * d.staff)::int % d.staff,
    CASE d.queue WHEN 'family' THEN 'family_worker' ELSE 'protective_worker' END, d.centre, d.opened_at, 1,
    CASE d.stage WHEN 'claimed' THEN now() + interval '1 day' END
FROM drawn d WHERE d.stage IN ('claimed', 'not_opening', 'accepted', 'in_service')

-- name: incidents
INSERT INTO incident (incident_id, case_id) SELECT md5('incident ' || d.number)::uuid, d.case_id FROM drawn d

-- name: reports
INSERT INTO report (report_id, incident_id, source)
SELECT md5('report ' || d.number)::uuid, md5('incident ' || d.number)::uuid, 'hotline-113' FROM drawn d

-- name: clocks
INSERT INTO clock (incident_id, name, due_at)
SELECT md5('incident ' || d.number)::uuid, name, d.opened_at + interval '1 day' FROM drawn d,
    unnest(CASE d.stage WHEN 'closed' THEN ARRAY['dispatch'] ELSE ARRAY['dispatch', 'child_report'] END) AS name

-- name: keys
-- One token for about every case, and one that many cases of a city share: a telephone of a shelter, the address of a tower.
INSERT INTO link_key (token, report_id, source)
SELECT sha256(convert_to(what, 'UTF8')), md5('report ' || d.number)::uuid, 'hotline-113' FROM drawn d,
    unnest(ARRAY['person ' || d.number, CASE WHEN d.number % 50 = 0 THEN 'tower ' || d.number % 100000 END]) AS what
WHERE what IS NOT NULL

-- name: timers
INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)
SELECT CASE d.stage WHEN 'claimed' THEN 'lease' ELSE 'stage' END, d.case_id::text, d.case_id, now(), now() + interval '1 day',
    now() + interval '1 day'
FROM drawn d WHERE d.stage <> 'closed'

-- name: ties
-- Staff $1 is found by the tokens of $2 persons spread over the first $3 cases, and by $4 shared ones.
INSERT INTO staff_tie (staff, token)
SELECT $1, sha256(convert_to('person ' || 1 + n * $3::bigint / ($2::int + 1), 'UTF8')) FROM generate_series(1, $2::int) AS n
UNION SELECT $1, sha256(convert_to('tower ' || n * 50, 'UTF8')) FROM generate_series(1, $4::int) AS n

-- name: hot
-- $1 cases wait in the queue $2 of the centre $3 of the county $4, made with all triggers on.
WITH c AS (
    INSERT INTO case_file (case_id, household_id, version, state, queue, priority, county, centre, standing, routing, head_hash)
    SELECT case_id, case_id, 0, 'waiting', $2::text, (ARRAY['immediate', 'urgent', 'standard', 'routine'])[1 + n % 4], $4::text, $3::text,
        jsonb_build_object('child_grade', NULL, 'policy_version', 'default-2026.1', 'reasons', jsonb_build_array(
            jsonb_build_object('code', 'injury_visible', 'field', 'indicators', 'points', n % 100))),
        '{}', '\x0000000000000000000000000000000000000000000000000000000000000000'
    FROM generate_series(1, $1::int) AS n, LATERAL (SELECT md5('hot ' || $3::text || n)::uuid) AS made (case_id)
    RETURNING case_id
), i AS (
    INSERT INTO incident (incident_id, case_id) SELECT case_id, case_id FROM c RETURNING incident_id
)
INSERT INTO report (report_id, incident_id, source) SELECT incident_id, incident_id, 'hotline-113' FROM i

-- name: hot_clocks
INSERT INTO clock (incident_id, name, due_at)
SELECT i.incident_id, name, now() + interval '1 day' FROM incident i JOIN case_file c USING (case_id), unnest(ARRAY['dispatch', 'child_report']) AS name
WHERE c.version = 0

-- name: hot_begin
-- The first event of each, and its record for the centre's stream.
WITH told AS (
    SELECT c.case_id, c.centre, c.queue, md5('first ' || c.case_id)::uuid AS event_id, convert_to(jsonb_build_object(
        'type', 'case.assessed.v1', 'event_id', md5('first ' || c.case_id)::uuid, 'case_id', c.case_id, 'case_version', 1,
        'outcome', 'case', 'released', NULL, 'link_class', NULL, 'link_reasons', '[]'::jsonb, 'incident_id', c.case_id,
        'merged_into', NULL, 'absorbed', '[]'::jsonb, 'asked_for', '[]'::jsonb, 'reports', jsonb_build_array(c.case_id),
        'ruling', NULL, 'override', NULL, 'transfer', NULL, 'erasure', NULL, 'handled', NULL, 'queue', c.queue, 'centre', c.centre,
        'county', c.county, 'priority', c.priority, 'child_grade', NULL, 'score', 0, 'source', 'hotline-113',
        'policy_version', 'default-2026.1', 'history', 1, 'recorded_at', '2026-03-02T10:00:00+08:00')::text, 'UTF8') AS body
    FROM case_file c WHERE c.version = 0
), kept AS (
    INSERT INTO case_event (case_id, version, kind, body, prior_hash, hash)
    SELECT case_id, 1, 'case.assessed.v1', body, decode(repeat('00', 32), 'hex'),
        sha256(decode(repeat('00', 32), 'hex') || uuid_send(case_id) || int8send(1) || body) FROM told
    RETURNING case_id, hash
), sent AS (
    INSERT INTO outbox (message_id, topic, case_id, case_version, event_id, message_key, message, centre)
    SELECT md5('message ' || case_id)::uuid, 'case.events.v1', case_id, 1, event_id, uuid_send(case_id), body, NULL FROM told
    UNION ALL
    SELECT md5('record ' || case_id)::uuid, 'queue.' || queue || '.v1', case_id, 1, event_id, uuid_send(case_id),
        convert_to('{"kind": "assigned"}', 'UTF8'), centre FROM told
)
UPDATE case_file c SET version = 1, head_hash = kept.hash FROM kept WHERE kept.case_id = c.case_id
