-- What the desk lists: open and closed cases, queues, tasks, and what happened to a case.
--
-- Each function asks once what the caller's post covers and in which cases they are a party, then reads as the keeper:
-- asked row by row, row-level security would take a list of 200 cases longer than a person waits.

CREATE INDEX ticket_closed_county ON ticket (county, queue, priority, since DESC, case_id) WHERE stage = 'closed';
CREATE INDEX ticket_closed_all ON ticket (queue, priority, since DESC, case_id) WHERE stage = 'closed';

-- The closed cases of this post, the last closed first: keyset by since, case. Queue by queue and priority by priority, so
-- that a page is read off one index as far as it goes, however few of millions are wanted.
CREATE FUNCTION closed_of_mine(
    of_queue text, of_centre text, of_priority text, before_since timestamptz, after_case uuid, how_many int
) RETURNS SETOF ticket
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    queues text[] := ARRAY(SELECT q FROM unnest(ARRAY['protective', 'family']) AS q
        WHERE role_works_on(me.role, q) AND (of_queue IS NULL OR q = of_queue));
    priorities text[] := ARRAY(SELECT p FROM unnest(ARRAY['immediate', 'urgent', 'standard', 'routine']) AS p
        WHERE of_priority IS NULL OR p = of_priority);
    homes text[] := CASE
        WHEN of_centre IS NOT NULL THEN ARRAY['t.centre = $1 AND covers($2, t.centre, t.county)']
        WHEN me.scope = '*' THEN ARRAY['true']
        ELSE ARRAY['t.centre = $2', 't.county = $2'] END;
BEGIN
    IF me.staff IS NULL OR queues = '{}' OR priorities = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE (
        SELECT 'SELECT t.* FROM (' || string_agg(format(
            'SELECT t.* FROM unnest($3) AS q (queue) CROSS JOIN unnest($4) AS p (priority) CROSS JOIN LATERAL ('
            ' SELECT t.* FROM ticket t WHERE %s AND t.stage = ''closed'' AND t.queue = q.queue AND t.priority = p.priority'
            ' AND t.case_id <> ALL ($5) %s ORDER BY t.since DESC, t.case_id LIMIT $6) AS t',
            home,
            CASE WHEN after_case IS NOT NULL THEN 'AND t.since <= $7 AND (t.since < $7 OR t.case_id > $8)' END
        ), ' UNION ALL ') || ') AS t ORDER BY t.since DESC, t.case_id LIMIT $6'
        FROM unnest(homes) AS home
    ) USING of_centre, me.scope, queues, priorities, conflicts_of(me.staff), least(how_many, 500), before_since, after_case;
END $$;
COMMENT ON FUNCTION closed_of_mine IS 'As tickets_of_mine, of cases that are closed.';

-- A page of the list, with all that a line of it shows.
CREATE FUNCTION cases_of_mine(
    of_stage text, of_queue text, of_centre text, of_priority text, held text,
    after_place int, after_at timestamptz, after_case uuid, how_many int
) RETURNS TABLE (
    case_id uuid, version int, state text, queue text, priority text, county text, centre text, standing jsonb,
    opened_at timestamptz, categories text[], linked_case_id uuid, stage text, fence bigint, since timestamptz, returns int,
    screening text, result text, reason text, place int, held_by text, claimed_at timestamptz, lease_until timestamptz,
    next_deadline timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH page AS MATERIALIZED (
        SELECT t.* FROM closed_of_mine(of_queue, of_centre, of_priority, after_at, after_case, how_many) t
        WHERE of_stage = 'closed' AND held <> 'me'
        UNION ALL
        SELECT t.* FROM tickets_of_mine(of_queue, of_centre, CASE WHEN of_stage IS NOT NULL THEN ARRAY[of_stage] END, of_priority,
            held, after_place, after_at, after_case, how_many) t
        WHERE of_stage IS DISTINCT FROM 'closed'
    )
    SELECT t.case_id, c.version, c.state, c.queue, c.priority, c.county, c.centre, c.standing, c.opened_at, c.categories,
        c.linked_case_id, t.stage, t.fence, t.since, t.returns, t.screening, t.result, t.reason, t.place, k.staff,
        k.claimed_at, k.lease_until,
        (SELECT min(d.due_at) FROM incident i JOIN clock d USING (incident_id)
         WHERE i.case_id = t.case_id AND NOT EXISTS (
             SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (d.incident_id, d.name)))
    FROM page t JOIN case_file c USING (case_id) LEFT JOIN claim k USING (case_id)
    ORDER BY CASE WHEN of_stage = 'closed' THEN t.since END DESC, CASE WHEN of_stage = 'closed' THEN t.case_id END,
        t.place, t.opened_at, t.case_id;
END $$;

-- How many wait where, and since when; a case in which the asker is a party is in no count.
CREATE FUNCTION queues_of_mine() RETURNS TABLE (
    centre text, queue text, stage text, cases bigint, oldest_since timestamptz, oldest_opened_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    not_mine uuid[] := conflicts_of(me.staff);
BEGIN
    RETURN QUERY
    SELECT t.centre, t.queue, t.stage, count(*), min(t.since), min(t.opened_at) FROM ticket t
    WHERE t.stage NOT IN ('closed', 'merged', 'erased') AND (me.scope = '*' OR t.centre = me.scope OR t.county = me.scope)
      AND role_works_on(me.role, t.queue) AND t.case_id <> ALL (not_mine)
    GROUP BY t.centre, t.queue, t.stage ORDER BY t.centre, t.queue, t.stage;
END $$;

-- The open tasks of this post, what is due first first; those without a due time come last.
CREATE FUNCTION tasks_of_mine(of_centre text, held text, after_due timestamptz, after_task uuid, how_many int) RETURNS TABLE (
    task_id uuid, case_id uuid, kind text, opened_at timestamptz, due_at timestamptz, centre text, queue text, stage text,
    priority text, held_by text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    not_mine uuid[] := conflicts_of(me.staff);
BEGIN
    RETURN QUERY
    SELECT w.task_id, w.case_id, w.kind, w.opened_at, w.due_at, t.centre, t.queue, t.stage, t.priority, k.staff
    FROM task w JOIN ticket t USING (case_id) LEFT JOIN claim k USING (case_id)
    WHERE w.done_at IS NULL AND t.stage NOT IN ('merged', 'erased')
      AND covers(me.scope, t.centre, t.county) AND role_works_on(me.role, t.queue) AND t.case_id <> ALL (not_mine)
      AND (of_centre IS NULL OR t.centre = of_centre) AND (held <> 'me' OR k.staff = me.staff)
      AND (after_task IS NULL OR (coalesce(w.due_at, 'infinity'), w.task_id) > (after_due, after_task))
    ORDER BY coalesce(w.due_at, 'infinity'), w.task_id LIMIT least(how_many, 500);
END $$;

-- What happened to a case, as its own chain has it; of other cases nothing.
CREATE FUNCTION history_of_mine(which uuid, after int, how_many int) RETURNS TABLE (
    version int, kind text, at text, by text, act text, was text, stage text, reason text, result text, step text, holder text,
    queue text, priority text, centre text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (seen_case(which)).case_id IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.version, e.kind, b.said ->> 'recorded_at',
        coalesce(b.said #>> '{handled,by}', b.said #>> '{ruling,ruled_by}', b.said #>> '{override,said_by}',
            b.said #>> '{transfer,answered_by}', b.said #>> '{transfer,proposed_by}'),
        b.said #>> '{handled,act}', b.said #>> '{handled,was}', b.said #>> '{handled,stage}',
        coalesce(b.said #>> '{handled,reason}', b.said #>> '{override,reason}', b.said #>> '{transfer,reason}'),
        b.said #>> '{handled,result}', b.said #>> '{handled,step}', b.said #>> '{handled,holder}',
        b.said ->> 'queue', b.said ->> 'priority', b.said ->> 'centre'
    FROM case_event e, LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb) AS b (said)
    WHERE e.case_id = which AND e.version > after ORDER BY e.version LIMIT least(how_many, 1000);
END $$;

REVOKE ALL ON FUNCTION closed_of_mine(text, text, text, timestamptz, uuid, int),
    cases_of_mine(text, text, text, text, text, int, timestamptz, uuid, int), queues_of_mine(),
    tasks_of_mine(text, text, timestamptz, uuid, int), history_of_mine(uuid, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_of_mine(text, text, text, text, text, int, timestamptz, uuid, int), queues_of_mine(),
    tasks_of_mine(text, text, timestamptz, uuid, int), history_of_mine(uuid, int, int)
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'closed_of_mine(text, text, text, timestamptz, uuid, int)',
        'cases_of_mine(text, text, text, text, text, int, timestamptz, uuid, int)', 'queues_of_mine()',
        'tasks_of_mine(text, text, timestamptz, uuid, int)', 'history_of_mine(uuid, int, int)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO anwang_keeper', name);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
