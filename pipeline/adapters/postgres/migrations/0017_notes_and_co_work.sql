-- What is written down of a case while it is worked on: notes, visits and other steps; and who works along.
--
-- case_note, case_step and co_work are written by the functions here alone, beside keys that are replaced (operate).

-- A case that went up in another goes on there, and may stand again: what was written of it stays its own, and is found
-- by its names.

CREATE FUNCTION home_of(which uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE way (case_id, far) AS (
        SELECT which, 0
        UNION ALL SELECT a.case_id, way.far + 1 FROM way JOIN case_alias a ON a.alias_id = way.case_id WHERE way.far < 1000
    )
    SELECT case_id FROM way ORDER BY far DESC LIMIT 1
$$;
COMMENT ON FUNCTION home_of IS 'The case in which this one goes on: itself, or the one in which it went up.';

CREATE FUNCTION is_open_at_home(which uuid) RETURNS bool
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT is_open_to_me(home_of(which)) $$;

CREATE FUNCTION names_of_case(which uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE names (case_id) AS (
        SELECT which WHERE is_open_to_me(which)
        UNION SELECT a.alias_id FROM names JOIN case_alias a ON a.case_id = names.case_id
    )
    SELECT coalesce(array_agg(case_id), '{}') FROM names
$$;
COMMENT ON FUNCTION names_of_case IS 'The case and all that went up in it; none where whoever acts does not see it.';

-- Notes.

CREATE TABLE case_note (
    note_id     uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES case_file,
    kind        text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,39}$'),
    queue       text NOT NULL CHECK (queue IN ('protective', 'family')),
    is_sexual   bool NOT NULL,
    staff       text NOT NULL REFERENCES staff,
    role        text NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    sealed      bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    asked       bytea NOT NULL
);
COMMENT ON COLUMN case_note.asked IS 'A keyed digest of id and text: another text under the same id is not the same note.';
CREATE INDEX case_note_case ON case_note (case_id, written_at);
COMMENT ON TABLE case_note IS 'What staff write of a case, sealed with a data key of its own under the key of the case that it was written of (purpose note). It stays that case''s when it goes up in another.';
COMMENT ON COLUMN case_note.queue IS 'Of the case when it was written: a note of a protective case stays one.';

CREATE TRIGGER case_note_keyed AFTER INSERT ON case_note REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER case_note_keyed_anew AFTER UPDATE ON case_note REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER case_note_kept BEFORE DELETE OR TRUNCATE ON case_note
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE FUNCTION may_note(which uuid, with_fence bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
BEGIN
    IF (seen_case(which)).case_id IS NULL THEN
        PERFORM refuse_act('note', which, why_unseen(which));
        RETURN 'unknown_case';
    END IF;
    IF me.role = 'dispatcher' THEN
        RETURN refuse_act('note', which, 'not_your_work');
    END IF;
    RETURN CASE WHEN me.role = 'supervisor' THEN 'done' ELSE coalesce(holds_now(which, me.staff, with_fence), 'done') END;
END $$;
COMMENT ON FUNCTION may_note IS 'done for who holds the case by this fence, and for supervisors; else why not.';

CREATE FUNCTION add_note(which uuid, note uuid, with_fence bigint, of_kind text, sealed_text bytea, wrapped bytea, digest bytea) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    was case_note;
    c case_file;
    code text;
BEGIN
    PERFORM FROM case_file f WHERE f.case_id = which FOR SHARE;
    code := may_note(which, with_fence);
    SELECT n.* INTO was FROM case_note n WHERE n.note_id = note;
    IF was.note_id IS NOT NULL THEN
        RETURN CASE WHEN (was.case_id, was.staff, was.kind, was.asked) = (which, me.staff, of_kind, digest) AND code <> 'unknown_case'
            THEN jsonb_build_object('code', 'done', 'written_at', was.written_at) ELSE jsonb_build_object('code', 'key_reused') END;
    END IF;
    IF code <> 'done' THEN
        RETURN jsonb_build_object('code', code);
    END IF;
    PERFORM require_live_version('data', ARRAY[sealed_under(sealed_text)]);
    SELECT f.* INTO c FROM case_file f WHERE f.case_id = which;
    INSERT INTO case_note (note_id, case_id, kind, queue, is_sexual, staff, role, sealed, wrapped_key, asked)
    VALUES (note, which, of_kind, c.queue, c.is_sexual, me.staff, me.role, sealed_text, wrapped, digest) RETURNING * INTO was;
    PERFORM told('note', which, jsonb_build_object('kind', of_kind, 'note_id', note));
    RETURN jsonb_build_object('code', 'done', 'written_at', was.written_at);
END $$;

CREATE FUNCTION may_read_notes(which uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (seen_case(which)).case_id IS NULL THEN
        PERFORM refuse_act('read_notes', which, why_unseen(which));
        RETURN 'unknown_case';
    END IF;
    IF acting_role() = 'dispatcher' THEN
        RETURN refuse_act('read_notes', which, 'not_your_work');
    END IF;
    IF NOT has_opened(which, '{claim,break_glass}') THEN
        RETURN refuse_act('read_notes', which, 'not_opened');
    END IF;
    RETURN 'done';
END $$;

CREATE FUNCTION revealed_notes(which uuid) RETURNS TABLE (
    note_id uuid, owner_id uuid, kind text, staff text, role text, written_at timestamptz, sealed bytea, wrapped_key bytea
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    c case_file := seen_case(which);
BEGIN
    IF c.case_id IS NULL OR me.role = 'dispatcher' OR NOT has_opened(which, '{claim,break_glass}') THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT n.note_id, n.case_id, n.kind, n.staff, n.role, n.written_at,
            CASE WHEN readable THEN n.sealed END, CASE WHEN readable THEN n.wrapped_key END
        FROM case_note n, LATERAL may_read_story(me.role, c.queue, c.is_sexual OR n.is_sexual, which) AS readable
        WHERE n.case_id = ANY (names_of_case(which)) AND (me.role <> 'family_worker' OR n.queue = 'family')
        ORDER BY n.written_at, n.note_id;
END $$;
COMMENT ON FUNCTION revealed_notes IS 'As revealed_story: of an opened case, what this role may read; a family worker learns of no note of a protective case, another finds what is closed to them without its text.';

-- Visits and other steps: act_on_case writes them, in its own transaction.

CREATE TABLE case_step (
    case_id     uuid NOT NULL REFERENCES case_file,
    version     int NOT NULL,
    incident_id uuid REFERENCES incident,
    step        text NOT NULL,
    method      text CHECK (method ~ '^[A-KZ]$'),
    outcome     text CHECK (outcome IN ('reached', 'not_reached')),
    why         text,
    came        text[] NOT NULL DEFAULT '{}',
    told_once   bool,
    staff       text NOT NULL REFERENCES staff,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (case_id, version),
    CHECK (outcome <> 'not_reached' OR why IS NOT NULL)
);
COMMENT ON TABLE case_step IS 'What was done with a case, in codes. version is that of the case''s event which tells of it.';
COMMENT ON COLUMN case_step.told_once IS 'An interview by an integrated team was held and kept: nobody need tell it twice.';
CREATE TRIGGER case_step_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- As fault_of in pipeline/domain/steps.py; a test compares both.
CREATE FUNCTION step_fault(which uuid, said jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN said ->> 'incident_id' IS NOT NULL AND NOT EXISTS (
            SELECT FROM incident i WHERE i.incident_id = (said ->> 'incident_id')::uuid AND i.case_id = which)
            THEN 'incident_unknown'
        WHEN method IS NULL AND is_visit OR method !~ '^[A-KZ]$' THEN 'method_unknown'
        WHEN outcome IS NULL AND is_visit OR outcome NOT IN ('reached', 'not_reached') THEN 'outcome_unknown'
        WHEN why IS NOT NULL AND why NOT IN ('nobody_home', 'no_answer', 'moved_away', 'entry_refused', 'wrong_contact', 'missing',
            'in_hospital', 'unsafe', 'put_off', 'not_face_to_face', 'other') THEN 'why_unknown'
        WHEN outcome = 'reached' AND why IN ('nobody_home', 'no_answer', 'moved_away', 'entry_refused', 'wrong_contact', 'missing')
            THEN 'why_unknown'
        WHEN why IS NULL AND (outcome = 'not_reached' OR step LIKE '%visit' AND method NOT IN ('B', 'C', 'F', 'G', 'K')) THEN 'why_unknown'
        WHEN step IN ('joint_call_out', 'integrated_team') AND came = '[]' THEN 'came_unknown'
        WHEN jsonb_typeof(came) <> 'array' OR NOT came <@ '["prosecutor", "police", "hospital", "social_worker", "psychologist",
            "interpreter", "education"]' THEN 'came_unknown'
        WHEN step = 'integrated_team' AND said ->> 'told_once' IS NULL THEN 'told_once_missing' END
    FROM (SELECT said ->> 'step' AS step, said ->> 'method' AS method, said ->> 'outcome' AS outcome, said ->> 'why' AS why,
        coalesce(nullif(said -> 'came', 'null'), '[]') AS came, said ->> 'step' ~ '(visit|contact)$' AS is_visit) AS told
$$;

CREATE FUNCTION write_step(which uuid, who text, of_version int, said jsonb) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO case_step (case_id, version, incident_id, step, method, outcome, why, came, told_once, staff)
    VALUES (which, of_version, (said ->> 'incident_id')::uuid, said ->> 'step', said ->> 'method', said ->> 'outcome', said ->> 'why',
        ARRAY(SELECT jsonb_array_elements_text(coalesce(nullif(said -> 'came', 'null'), '[]'))), (said ->> 'told_once')::bool, who)
$$;

-- Who works along: asked when a case is accepted, from where it was sent and what its policy wants beside, and by people.

CREATE TABLE co_work (
    co_work_id  uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES case_file,
    service     text NOT NULL CHECK (service ~ '^[a-z][a-z0-9_]{0,59}$'),
    centre      text NOT NULL,
    county      text,
    queue       text NOT NULL CHECK (queue IN ('protective', 'family')),
    lead        text NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_by    text NOT NULL,
    state       text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'accepted', 'refused', 'done')),
    answered_by text REFERENCES staff,
    answered_at timestamptz,
    reason      text,
    done_by     text REFERENCES staff,
    done_at     timestamptz,
    CHECK ((state = 'asked') = (answered_at IS NULL) AND (answered_by IS NULL) = (answered_at IS NULL)),
    CHECK ((state = 'refused') = (reason IS NOT NULL)),
    CHECK ((state = 'done') = (done_at IS NOT NULL) AND (done_by IS NULL) = (done_at IS NULL))
);
CREATE INDEX co_work_case ON co_work (case_id);
CREATE INDEX co_work_centre ON co_work (centre, asked_at, co_work_id) WHERE state IN ('asked', 'accepted');
CREATE INDEX co_work_lead ON co_work (lead, asked_at, co_work_id) WHERE state IN ('asked', 'accepted');
CREATE INDEX co_work_open ON co_work (asked_at, co_work_id) WHERE state IN ('asked', 'accepted');
COMMENT ON TABLE co_work IS 'Which centre works along on a case, with which service. asked_by is a staff code, or system.';
COMMENT ON COLUMN co_work.lead IS 'The centre that leads what those who work along do: of a protective case the family service centre.';
COMMENT ON COLUMN co_work.queue IS 'Whose work it is at that centre.';

CREATE FUNCTION co_work_task(which uuid) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT left(encode(sha256(convert_to('co-work ' || which, 'UTF8')), 'hex'), 32)::uuid $$;

CREATE FUNCTION after_co_work() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO task (task_id, case_id, kind) VALUES (co_work_task(NEW.co_work_id), home_of(NEW.case_id), 'co_work')
        ON CONFLICT DO NOTHING;
    ELSIF OLD.state = 'asked' AND NEW.state <> 'asked' THEN
        UPDATE task t SET done_at = NEW.answered_at, done_by = NEW.answered_by
        WHERE t.task_id = co_work_task(NEW.co_work_id) AND t.done_at IS NULL;
        IF NEW.state = 'refused' THEN
            PERFORM add_task(home_of(NEW.case_id), 'co_work_refused', NEW.co_work_id::text);
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER co_work_asks AFTER INSERT OR UPDATE ON co_work FOR EACH ROW EXECUTE FUNCTION after_co_work();

CREATE FUNCTION fill_co_work(which uuid) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    WITH here AS (
        SELECT c.case_id, c.queue, c.centre, c.county, c.routing -> 'assigned' AS assigned, c.standing -> 'also' AS also,
            CASE c.queue WHEN 'family' THEN c.centre ELSE coalesce(c.routing #>> '{assigned,sub_dispatch,0}', c.centre) END AS lead
        FROM case_file c WHERE c.case_id = which
    ), because AS (
        SELECT told.params ->> 'centre' AS centre, told.params ->> 'county' AS county, told.params ->> 'kind' AS kind
        FROM here, jsonb_array_elements(coalesce(nullif(assigned -> 'why', 'null'), '[]')) AS why,
            LATERAL (SELECT jsonb_object_agg(p ->> 0, p -> 1) AS params FROM jsonb_array_elements(why -> 1) AS p) AS told
    ), wanted AS (
        SELECT coalesce((SELECT min(b.kind) FROM because b WHERE b.centre = along), 'family') AS service, along AS centre, here.county,
            'family' AS queue
        FROM here, jsonb_array_elements_text(coalesce(nullif(assigned -> 'sub_dispatch', 'null'), '[]')) AS along
        UNION SELECT 'told_by_law', told, (SELECT min(b.county) FROM because b WHERE b.centre = told), 'protective'
        FROM here, jsonb_array_elements_text(coalesce(nullif(assigned -> 'also_tell', 'null'), '[]')) AS told
        UNION SELECT code, here.lead, here.county, CASE WHEN here.lead = here.centre THEN here.queue ELSE 'family' END
        FROM here, jsonb_array_elements_text(coalesce(nullif(also, 'null'), '[]')) AS code
        WHERE code <> 'family'
    )
    INSERT INTO co_work (co_work_id, case_id, service, centre, county, queue, lead, asked_by)
    SELECT left(encode(sha256(convert_to('co-work ' || which || ' ' || w.service || ' ' || w.centre, 'UTF8')), 'hex'), 32)::uuid,
        which, w.service, w.centre, w.county, w.queue, CASE w.service WHEN 'told_by_law' THEN here.centre ELSE here.lead END, 'system'
    FROM wanted w, here
    WHERE NOT EXISTS (SELECT FROM co_work k WHERE (k.case_id, k.service, k.centre) = (which, w.service, w.centre))
    ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION fill_co_work IS 'Once for each service and centre: specialised centres and the family service centre by where the case was sent, other services at the centre that leads, and whom the law wants told.';

CREATE FUNCTION after_acceptance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM fill_co_work(NEW.case_id);
    RETURN NULL;
END $$;
CREATE TRIGGER accepted_asks_along AFTER UPDATE ON ticket
    FOR EACH ROW WHEN (NEW.stage = 'accepted' AND OLD.stage <> 'accepted') EXECUTE FUNCTION after_acceptance();

CREATE FUNCTION after_new_standing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM ticket t WHERE t.case_id = NEW.case_id AND t.stage IN ('accepted', 'in_service')) THEN
        PERFORM fill_co_work(NEW.case_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER new_standing_asks_along AFTER UPDATE ON case_file
    FOR EACH ROW WHEN (NEW.standing -> 'also' IS DISTINCT FROM OLD.standing -> 'also'
        OR NEW.routing -> 'assigned' IS DISTINCT FROM OLD.routing -> 'assigned')
    EXECUTE FUNCTION after_new_standing();

-- Of another centre's case one learns nothing but the task; who is a party to the case learns not even that.
CREATE FUNCTION co_work_is_mine(one co_work) RETURNS bool
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    home uuid := home_of(one.case_id);
BEGIN
    IF me.staff IS NULL OR home = ANY (conflicts_of(me.staff)) THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM case_file c WHERE c.case_id = home AND c.state <> 'erased' AND (
        is_open_to_me(home)
        OR one.centre <> c.centre AND role_works_on(me.role, one.queue) AND covers(me.scope, one.centre, one.county)
        OR one.lead <> c.centre AND role_works_on(me.role, 'family') AND me.scope = one.lead));
END $$;

CREATE FUNCTION co_work_told(one co_work) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT jsonb_build_object('co_work_id', one.co_work_id, 'service', one.service, 'centre', one.centre, 'lead', one.lead,
        'state', one.state, 'asked_at', one.asked_at, 'answered_at', one.answered_at, 'reason', one.reason, 'done_at', one.done_at,
        'due_at', (SELECT t.due_at FROM task t WHERE t.task_id = co_work_task(one.co_work_id) AND t.done_at IS NULL),
        'call', c.centre, 'protective_case_open', c.queue = 'protective' AND c.state IN ('waiting', 'claimed'),
        'case_id', CASE WHEN is_open_to_me(c.case_id) THEN c.case_id END,
        'asked_by', CASE WHEN is_open_to_me(c.case_id) THEN one.asked_by END,
        'answered_by', CASE WHEN is_open_to_me(c.case_id) OR covers(acting_scope(), one.centre, one.county) THEN one.answered_by END)
    FROM case_file c WHERE c.case_id = home_of(one.case_id)
$$;
COMMENT ON FUNCTION co_work_told IS 'call is whom to ask about the case; its id is told to those alone who see the case.';

CREATE FUNCTION co_work_of_case(which uuid) RETURNS SETOF jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT co_work_told(k) FROM co_work k WHERE k.case_id = ANY (names_of_case(which)) ORDER BY k.asked_at, k.co_work_id
$$;

CREATE FUNCTION co_work_of_mine(how_many int, after_at timestamptz, after_id uuid) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    scope text := acting_scope();
    one co_work;
    found_ones int := 0;
BEGIN
    FOR one IN SELECT k.* FROM co_work k
        WHERE k.state IN ('asked', 'accepted') AND (covers(scope, k.centre, k.county) OR k.lead = scope)
          AND (after_id IS NULL OR (k.asked_at, k.co_work_id) > (after_at, after_id))
        ORDER BY k.asked_at, k.co_work_id
    LOOP
        CONTINUE WHEN NOT co_work_is_mine(one);
        RETURN NEXT co_work_told(one);
        found_ones := found_ones + 1;
        EXIT WHEN found_ones >= least(how_many, 500);
    END LOOP;
END $$;
COMMENT ON FUNCTION co_work_of_mine IS 'What this post''s centres are asked for or work along on, the longest asked first.';

-- In the case's own history, while the case is open.
CREATE FUNCTION tell_co_work(one co_work, act text, who text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    home uuid := home_of(one.case_id);
    t ticket;
BEGIN
    PERFORM told('co_work', home, jsonb_build_object('act', act, 'co_work_id', one.co_work_id, 'centre', one.centre));
    SELECT f.* INTO t FROM ticket f WHERE f.case_id = home;
    IF is_open_stage(t.stage) THEN
        PERFORM tell_handled(home, jsonb_build_object('act', act, 'was', t.stage, 'stage', t.stage, 'fence', t.fence,
            'step', one.service, 'by', who, 'holder', (SELECT k.staff FROM claim k WHERE k.case_id = home))
            || CASE WHEN one.reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', one.reason) END, 'desk');
    END IF;
END $$;

CREATE FUNCTION ask_co_work(which uuid, with_fence bigint, said jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    wanted uuid := (said ->> 'co_work_id')::uuid;
    c case_file;
    t ticket;
    one co_work;
    code text;
BEGIN
    IF (seen_case(which)).case_id IS NULL THEN
        PERFORM refuse_act('co_work', which, why_unseen(which));
        RETURN jsonb_build_object('code', 'unknown_case');
    END IF;
    IF me.role IN ('dispatcher', 'screener') THEN
        RETURN jsonb_build_object('code', refuse_act('co_work', which, 'not_your_work'));
    END IF;
    SELECT f.* INTO c FROM case_file f WHERE f.case_id = which FOR UPDATE;
    SELECT f.* INTO t FROM ticket f WHERE f.case_id = which FOR UPDATE;
    SELECT k.* INTO one FROM co_work k WHERE k.co_work_id = wanted;
    IF one.co_work_id IS NOT NULL THEN
        RETURN CASE WHEN (one.case_id, one.asked_by, one.service, one.centre) = (which, me.staff, said ->> 'service', said ->> 'centre')
            THEN jsonb_build_object('code', 'done') || co_work_told(one) ELSE jsonb_build_object('code', 'key_reused') END;
    END IF;
    code := CASE
        WHEN t.stage NOT IN ('accepted', 'in_service') THEN 'not_in_this_stage'
        WHEN me.role <> 'supervisor' AND holds_now(which, me.staff, with_fence) IS NOT NULL THEN holds_now(which, me.staff, with_fence)
        WHEN EXISTS (SELECT FROM co_work k WHERE k.case_id = ANY (names_of_case(which)) AND k.state IN ('asked', 'accepted')
            AND (k.service, k.centre) = (said ->> 'service', said ->> 'centre')) THEN 'asked_before' END;
    IF code IS NOT NULL THEN
        RETURN jsonb_build_object('code', code);
    END IF;
    INSERT INTO co_work (co_work_id, case_id, service, centre, county, queue, lead, asked_by)
    VALUES (wanted, which, said ->> 'service', said ->> 'centre', said ->> 'county', said ->> 'queue',
        coalesce((SELECT k.lead FROM co_work k WHERE k.case_id = which AND k.service <> 'told_by_law' ORDER BY k.asked_at LIMIT 1),
            c.centre), me.staff)
    RETURNING * INTO one;
    PERFORM tell_co_work(one, 'co_work_asked', me.staff);
    RETURN jsonb_build_object('code', 'done') || co_work_told(one);
END $$;

CREATE FUNCTION found_co_work(which uuid) RETURNS co_work
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    one co_work;
BEGIN
    PERFORM FROM case_file c WHERE c.case_id = (SELECT home_of(k.case_id) FROM co_work k WHERE k.co_work_id = which) FOR UPDATE;
    SELECT k.* INTO one FROM co_work k WHERE k.co_work_id = which FOR UPDATE;
    IF one.co_work_id IS NULL OR NOT co_work_is_mine(one) THEN
        PERFORM refuse_act('co_work', NULL, CASE WHEN one.co_work_id IS NULL THEN 'unknown_co_work' ELSE 'not_yours' END);
        RETURN NULL;
    END IF;
    RETURN one;
END $$;

CREATE FUNCTION why_not_along(one co_work) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
BEGIN
    RETURN CASE WHEN NOT role_works_on(me.role, one.queue) OR NOT covers(me.scope, one.centre, one.county) OR me.role = 'screener'
        THEN 'not_your_work' END;
END $$;

CREATE FUNCTION answer_co_work(which uuid, takes bool, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who text := acting_staff();
    one co_work := found_co_work(which);
    wanted text := CASE WHEN takes THEN 'accepted' ELSE 'refused' END;
BEGIN
    IF one.co_work_id IS NULL THEN
        RETURN jsonb_build_object('code', 'unknown_co_work');
    END IF;
    IF why_not_along(one) IS NOT NULL THEN
        RETURN jsonb_build_object('code', refuse_act('co_work', NULL, why_not_along(one)));
    END IF;
    IF one.state <> 'asked' THEN
        RETURN CASE WHEN (one.state, one.answered_by) = (wanted, who) AND one.reason IS NOT DISTINCT FROM why
            THEN jsonb_build_object('code', 'done') || co_work_told(one) ELSE jsonb_build_object('code', 'answered_before') END;
    END IF;
    IF takes <> (why IS NULL) OR why NOT IN ('no_capacity', 'not_our_area', 'not_our_service', 'served_already', 'contact_missing') THEN
        RETURN jsonb_build_object('code', 'reason_unknown');
    END IF;
    UPDATE co_work k SET state = wanted, answered_by = who, answered_at = clock_timestamp(), reason = why
    WHERE k.co_work_id = which RETURNING * INTO one;
    PERFORM tell_co_work(one, 'co_work_' || wanted, who);
    RETURN jsonb_build_object('code', 'done') || co_work_told(one);
END $$;

CREATE FUNCTION done_co_work(which uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who text := acting_staff();
    one co_work := found_co_work(which);
BEGIN
    IF one.co_work_id IS NULL THEN
        RETURN jsonb_build_object('code', 'unknown_co_work');
    END IF;
    IF why_not_along(one) IS NOT NULL THEN
        RETURN jsonb_build_object('code', refuse_act('co_work', NULL, why_not_along(one)));
    END IF;
    IF one.state <> 'accepted' THEN
        RETURN CASE WHEN (one.state, one.done_by) = ('done', who)
            THEN jsonb_build_object('code', 'done') || co_work_told(one) ELSE jsonb_build_object('code', 'not_in_this_stage') END;
    END IF;
    UPDATE co_work k SET state = 'done', done_by = who, done_at = clock_timestamp() WHERE k.co_work_id = which RETURNING * INTO one;
    PERFORM tell_co_work(one, 'co_work_done', who);
    RETURN jsonb_build_object('code', 'done') || co_work_told(one);
END $$;

SELECT put_under_guard('case_note'), put_under_guard('case_step'), put_under_guard('co_work');
CREATE POLICY of_my_cases ON case_step FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (current_user = 'anwang_' || (SELECT acting_role()) AND is_open_at_home(case_id));
GRANT SELECT ON case_step TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT, UPDATE ON case_note TO anwang_operate;
GRANT SELECT ON case_step, co_work TO anwang_operate;
GRANT SELECT, INSERT ON case_note, case_step TO anwang_keeper;
GRANT SELECT, INSERT, UPDATE ON co_work TO anwang_keeper;

REVOKE ALL ON FUNCTION home_of(uuid), is_open_at_home(uuid), names_of_case(uuid), may_note(uuid, bigint),
    add_note(uuid, uuid, bigint, text, bytea, bytea, bytea), may_read_notes(uuid), revealed_notes(uuid), step_fault(uuid, jsonb),
    write_step(uuid, text, int, jsonb), co_work_task(uuid), after_co_work(), fill_co_work(uuid), after_acceptance(),
    after_new_standing(), co_work_is_mine(co_work), co_work_told(co_work), co_work_of_case(uuid),
    co_work_of_mine(int, timestamptz, uuid), tell_co_work(co_work, text, text), ask_co_work(uuid, bigint, jsonb),
    found_co_work(uuid), why_not_along(co_work), answer_co_work(uuid, bool, text), done_co_work(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_open_at_home(uuid), names_of_case(uuid), may_note(uuid, bigint),
    add_note(uuid, uuid, bigint, text, bytea, bytea, bytea), may_read_notes(uuid), revealed_notes(uuid), co_work_of_case(uuid),
    co_work_of_mine(int, timestamptz, uuid), ask_co_work(uuid, bigint, jsonb), answer_co_work(uuid, bool, text), done_co_work(uuid)
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT EXECUTE ON FUNCTION sealed_under(bytea), may_read_story(text, text, bool, uuid) TO anwang_keeper;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'home_of(uuid)', 'is_open_at_home(uuid)', 'names_of_case(uuid)', 'may_note(uuid, bigint)',
        'add_note(uuid, uuid, bigint, text, bytea, bytea, bytea)', 'may_read_notes(uuid)', 'revealed_notes(uuid)', 'step_fault(uuid, jsonb)',
        'write_step(uuid, text, int, jsonb)', 'co_work_task(uuid)', 'after_co_work()', 'fill_co_work(uuid)', 'after_acceptance()',
        'after_new_standing()', 'co_work_is_mine(co_work)', 'co_work_told(co_work)', 'co_work_of_case(uuid)',
        'co_work_of_mine(int, timestamptz, uuid)', 'tell_co_work(co_work, text, text)', 'ask_co_work(uuid, bigint, jsonb)',
        'found_co_work(uuid)', 'why_not_along(co_work)', 'answer_co_work(uuid, bool, text)', 'done_co_work(uuid)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO anwang_keeper', name);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
