-- Who works here, who may see what, and what they have opened. Row-level security is forced on every table: the owner of
-- the tables reads nothing, a process what its role is granted, a person what the policies below leave of it.

ALTER TABLE report_version ADD COLUMN sealed_story bytea;
COMMENT ON COLUMN report_version.sealed_story IS 'The narrative, under the data key of its report but apart: not all who may open the one may open the other.';

ALTER TABLE case_file ADD COLUMN categories text[] NOT NULL DEFAULT '{}', ADD COLUMN is_sexual bool NOT NULL DEFAULT true;
COMMENT ON COLUMN case_file.is_sexual IS 'Sexual violence is told of: the law then covers the text, too. True until it is known.';
CREATE INDEX case_household ON case_file (household_id);

-- People, by codes; no name of theirs is kept.

CREATE TABLE staff (
    staff         text PRIMARY KEY,
    oidc_issuer   text,
    oidc_subject  text,
    password_hash text,
    added_at      timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    UNIQUE (oidc_issuer, oidc_subject),
    CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL))
);
CREATE UNIQUE INDEX staff_code ON staff (lower(staff));
COMMENT ON COLUMN staff.password_hash IS 'Argon2id, for local accounts.';

CREATE TABLE post (
    staff    text NOT NULL REFERENCES staff,
    role     text NOT NULL CHECK (role IN ('screener', 'dispatcher', 'protective_worker', 'family_worker', 'supervisor',
                 'policy_owner', 'analyst', 'operator', 'audit_reader')),
    scope    text NOT NULL,
    since    timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (staff, role, scope, since)
);
CREATE UNIQUE INDEX post_now ON post (staff, role, scope) WHERE ended_at IS NULL;
COMMENT ON COLUMN post.scope IS 'The code of a centre, or of a county for all of its centres, or * for the whole country.';

CREATE TABLE staff_session (
    digest   bytea PRIMARY KEY,
    staff    text NOT NULL REFERENCES staff,
    role     text NOT NULL,
    scope    text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    seen_at  timestamptz NOT NULL DEFAULT now(),
    ends_at  timestamptz NOT NULL,
    ended_at timestamptz,
    idle_for interval NOT NULL DEFAULT '30 minutes'
);
CREATE INDEX staff_session_staff ON staff_session (staff);
COMMENT ON TABLE staff_session IS 'SHA-256 of the token of a session: who acts, in which post. The token itself lies nowhere here.';
COMMENT ON COLUMN staff_session.idle_for IS 'A session also ends when nobody has used it for so long.';

-- Written by operate, read by the keeper alone.
CREATE TABLE staff_tie (
    staff       text NOT NULL REFERENCES staff,
    token       bytea NOT NULL,
    sealed      bytea,
    key_version int NOT NULL DEFAULT 1,
    PRIMARY KEY (staff, token)
);
CREATE INDEX staff_tie_token ON staff_tie (token);
COMMENT ON TABLE staff_tie IS 'By which tokens of the blind index a member of staff, or their address, would be found in a report.';
COMMENT ON COLUMN staff_tie.sealed IS 'Kind and value of the key that the token was made of, to make it anew under another index key.';

-- With a case's tokens goes what tells that somebody is a party to it: the rest of its household stays closed to them.
CREATE TABLE past_conflict (
    staff        text NOT NULL REFERENCES staff,
    household_id uuid NOT NULL,
    PRIMARY KEY (staff, household_id)
);
COMMENT ON TABLE past_conflict IS 'Households of which a case was erased to which this member of staff was tied then.';

CREATE TABLE claim (
    case_id    uuid PRIMARY KEY REFERENCES case_file,
    staff      text NOT NULL REFERENCES staff,
    role       text NOT NULL,
    scope      text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE claim IS 'Who holds a case now.';

CREATE TABLE reveal (
    reveal_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    case_id     uuid NOT NULL REFERENCES case_file,
    kind        text NOT NULL CHECK (kind IN ('claim', 'break_glass', 'reporter')),
    reason      text NOT NULL CHECK (reason ~ '^[a-z][a-z_]{0,39}$'),
    staff       text NOT NULL REFERENCES staff,
    seconded_by text REFERENCES staff CHECK (lower(seconded_by) <> lower(staff)),
    opened_at   timestamptz NOT NULL DEFAULT now(),
    ends_at     timestamptz NOT NULL,
    CHECK (kind <> 'reporter' OR seconded_by IS NOT NULL)
);
CREATE INDEX reveal_case ON reveal (case_id, staff);
COMMENT ON TABLE reveal IS 'What a person has opened of a case, for which coded reason and until when.';
CREATE TRIGGER reveal_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reveal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who acts. The token of the session stands in the transaction; who bears it is looked up, so that nobody becomes another
-- by writing a name.

CREATE FUNCTION session_of(setting text) RETURNS staff_session
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.* FROM staff_session s
    JOIN staff w ON w.staff = s.staff AND w.ended_at IS NULL
    JOIN post p ON (p.staff, p.role, p.scope) = (s.staff, s.role, s.scope) AND p.ended_at IS NULL
    WHERE s.digest = sha256(convert_to(nullif(current_setting(setting, true), ''), 'UTF8'))
      AND s.ended_at IS NULL AND s.ends_at > clock_timestamp() AND s.seen_at + s.idle_for > clock_timestamp()
$$;
CREATE FUNCTION acting_staff() RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS
    $$ SELECT (session_of('anwang.session')).staff $$;
CREATE FUNCTION acting_scope() RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS
    $$ SELECT (session_of('anwang.session')).scope $$;
CREATE FUNCTION acting_role() RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS
    $$ SELECT (session_of('anwang.session')).role $$;

CREATE FUNCTION covers(scope text, centre text, county text) RETURNS bool
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(scope IN (centre, county, '*'), false) $$;

CREATE FUNCTION conflicts_of(who text) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE homes AS (
        SELECT c.household_id
        FROM staff_tie t JOIN link_key k ON k.token = t.token
        JOIN report r ON r.report_id = k.report_id JOIN incident i ON i.incident_id = r.incident_id
        JOIN case_file c ON c.case_id = i.case_id
        WHERE t.staff = who
        UNION SELECT household_id FROM past_conflict WHERE staff = who
    ), cases (case_id) AS (
        SELECT c.case_id FROM case_file c JOIN homes USING (household_id)
        UNION SELECT a.alias_id FROM cases JOIN case_alias a ON a.case_id = cases.case_id
    )
    SELECT coalesce(array_agg(case_id), '{}') FROM cases
$$;
COMMENT ON FUNCTION conflicts_of IS 'Cases in which this member of staff, or someone at their address, is a party: to them these cases do not exist.';

CREATE FUNCTION role_works_on(role text, queue text) RETURNS bool LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE role
        WHEN 'screener' THEN true WHEN 'dispatcher' THEN true WHEN 'supervisor' THEN true
        WHEN 'protective_worker' THEN queue = 'protective' WHEN 'family_worker' THEN queue = 'family'
        ELSE false END
$$;
COMMENT ON FUNCTION role_works_on IS 'Policy owners, analysts, operators and auditors work on no case.';

CREATE FUNCTION is_open_to_me(which uuid) RETURNS bool
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
BEGIN
    RETURN EXISTS (
        SELECT FROM case_file c
        WHERE c.case_id = which AND c.state NOT IN ('merged', 'erased')
          AND covers(me.scope, c.centre, c.county) AND role_works_on(me.role, c.queue)
          AND NOT EXISTS (SELECT FROM past_conflict p WHERE p.staff = me.staff AND p.household_id = c.household_id)
          AND NOT EXISTS (
              SELECT FROM case_file of_home JOIN incident i ON i.case_id = of_home.case_id
              JOIN report r ON r.incident_id = i.incident_id JOIN link_key k ON k.report_id = r.report_id
              JOIN staff_tie t ON t.token = k.token
              WHERE of_home.household_id = c.household_id AND t.staff = me.staff));
END $$;
COMMENT ON FUNCTION is_open_to_me IS 'Says no to a case of another centre, to one that does not exist and to one in which the person, or someone at their address, is a party: nobody can tell which.';

-- Everything is closed, then opened for processes as a whole: what each may do is a matter of its grants.

CREATE FUNCTION put_under_guard(name regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'CREATE POLICY processes ON %s TO anwang_assess, anwang_relay, anwang_auditor, anwang_intake, anwang_feeds,'
        ' anwang_desk, anwang_operate, anwang_watch, anwang_keeper USING (true) WITH CHECK (true)', name);
END $$;
COMMENT ON FUNCTION put_under_guard IS 'Every table is put under it in the migration that makes it.';

DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'schema_migration'
    LOOP
        PERFORM put_under_guard(name);
    END LOOP;
END $$;

-- What a person sees of a case before anything is opened: nothing that names anybody or tells who reported.

CREATE POLICY mine ON case_file FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (
        current_user = 'anwang_' || (SELECT acting_role())
        AND covers((SELECT acting_scope()), centre, county)
        AND role_works_on((SELECT acting_role()), queue)
        AND is_open_to_me(case_id)
    );
CREATE POLICY of_my_cases ON incident FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = incident.case_id));
CREATE POLICY of_my_cases ON clock FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM incident i WHERE i.incident_id = clock.incident_id));
CREATE POLICY of_my_cases ON report FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM incident i WHERE i.incident_id = report.incident_id));
CREATE POLICY of_my_cases ON report_version FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM report r WHERE r.report_id = report_version.report_id));
CREATE POLICY of_my_cases ON decision FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM report_version v WHERE v.event_key = decision.event_key));
CREATE POLICY of_my_cases ON link_edge FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM report r WHERE r.report_id = report_a) AND EXISTS (SELECT FROM report r WHERE r.report_id = report_b));
CREATE POLICY of_my_cases ON link_review FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM report r WHERE r.report_id = link_review.report_id)
        AND EXISTS (SELECT FROM report r WHERE r.report_id = other_report_id));
CREATE POLICY of_my_cases ON claim FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = claim.case_id));
CREATE POLICY mine ON reveal FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = reveal.case_id));

GRANT SELECT (case_id, household_id, version, state, linked_case_id, queue, priority, county, centre, standing, routing,
        opened_at, categories, is_sexual) ON case_file
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT ON incident, clock, claim
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT (report_id, incident_id, arrival_no) ON report
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT (event_key, report_id, arrived_at, faults) ON report_version
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT (event_key, case_id, incident_id, outcome, link_class, policy_version, decided_at) ON decision
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT ON link_edge, link_review
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT ON reveal TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

-- What is opened: sealed columns stand in views alone, and only while a reveal of this person on this case holds.

CREATE FUNCTION has_opened(which uuid, kinds text[]) RETURNS bool
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM reveal o
        WHERE o.case_id = which AND o.staff = acting_staff() AND o.kind = ANY (kinds) AND o.ends_at > clock_timestamp()
          AND (o.kind <> 'claim' OR EXISTS (SELECT FROM claim c WHERE c.case_id = which AND c.staff = o.staff AND c.claimed_at <= o.opened_at)))
$$;

CREATE FUNCTION may_read_story(role text, queue text, is_sexual bool, which uuid) RETURNS bool
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE role
        WHEN 'protective_worker' THEN true
        WHEN 'supervisor' THEN true
        WHEN 'family_worker' THEN queue = 'family' AND NOT is_sexual
        WHEN 'screener' THEN NOT is_sexual OR has_opened(which, '{break_glass}')
        ELSE false END
$$;
COMMENT ON FUNCTION may_read_story IS 'Narrative: none of a protective or sexual case for family workers; of a sexual one for screeners by break-glass alone.';

CREATE VIEW revealed_report WITH (security_barrier) AS
    SELECT c.case_id, r.report_id, r.arrival_no, v.event_key, v.arrived_at, v.faults, v.sealed, v.wrapped_key
    FROM case_file c JOIN incident i ON i.case_id = c.case_id JOIN report r ON r.incident_id = i.incident_id
    JOIN report_version v ON v.report_id = r.report_id
    WHERE current_user = 'anwang_' || acting_role() AND is_open_to_me(c.case_id)
      AND has_opened(c.case_id, '{claim,break_glass}')
      AND (v.sealed_story IS NOT NULL OR may_read_story(acting_role(), c.queue, c.is_sexual, c.case_id));
COMMENT ON VIEW revealed_report IS 'A version whose narrative was never parted from it is shown to those alone who may read narratives.';

CREATE VIEW revealed_story WITH (security_barrier) AS
    SELECT c.case_id, v.event_key, v.sealed_story
    FROM case_file c JOIN incident i ON i.case_id = c.case_id JOIN report r ON r.incident_id = i.incident_id
    JOIN report_version v ON v.report_id = r.report_id
    WHERE current_user = 'anwang_' || acting_role() AND is_open_to_me(c.case_id)
      AND has_opened(c.case_id, '{claim,break_glass}')
      AND may_read_story(acting_role(), c.queue, c.is_sexual, c.case_id);

CREATE VIEW revealed_original WITH (security_barrier) AS
    SELECT c.case_id, v.event_key, o.sealed, o.wrapped_key
    FROM case_file c JOIN incident i ON i.case_id = c.case_id JOIN report r ON r.incident_id = i.incident_id
    JOIN report_version v ON v.report_id = r.report_id JOIN report_original o ON o.event_key = v.event_key
    WHERE current_user = 'anwang_' || acting_role() AND is_open_to_me(c.case_id)
      AND has_opened(c.case_id, '{reporter}');
COMMENT ON VIEW revealed_original IS 'Who reported: opened for a short time, by two, one of them a supervisor.';

-- What people do. Each act is told to the audit in the same transaction; a refusal is an answer, not an error, so that it is told, too.

-- A county is told by its name, which no stream of the audit may bear: its stream is named by a digest.
CREATE FUNCTION told(kind text, which uuid, said jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT audit_append(
        'desk.' || CASE
            WHEN acting_scope() = '*' THEN '-'
            WHEN acting_scope() ~ '^[A-Za-z0-9._-]{1,58}$' THEN acting_scope()
            ELSE 'county-' || left(encode(sha256(convert_to(acting_scope(), 'UTF8')), 'hex'), 8) END,
        $1, acting_staff(), said || jsonb_build_object('case_id', which, 'role', acting_role()))
$$;

CREATE FUNCTION seen_case(which uuid) RETURNS case_file
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c FROM case_file c WHERE c.case_id = which AND c.state <> 'erased' AND is_open_to_me(which)
$$;

CREATE FUNCTION plain_code(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(substring(word FROM '^[a-z][a-z_]{0,39}$'), 'other') $$;
COMMENT ON FUNCTION plain_code IS 'What a person''s own call says of itself goes into the audit as a code or not at all.';

CREATE FUNCTION refuse_act(act text, which uuid, code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_staff() IS NOT NULL THEN
        PERFORM told('refusal', which, jsonb_build_object('act', plain_code(act), 'code', plain_code(code)));
    END IF;
    RETURN code;
END $$;

CREATE FUNCTION why_unseen(which uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN acting_staff() IS NULL THEN 'nobody'
        WHEN which = ANY (conflicts_of(acting_staff())) THEN 'conflict_of_interest'
        ELSE 'not_yours' END
$$;
COMMENT ON FUNCTION why_unseen IS 'For the audit alone: the person is told that there is no such case.';

CREATE FUNCTION open_case(which uuid, how text, why text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_case case_file := seen_case(which);
    second staff_session := session_of('anwang.second');
    holds bool := EXISTS (SELECT FROM claim c WHERE c.case_id = which AND c.staff = acting_staff());
    code text;
BEGIN
    IF found_case.case_id IS NULL THEN
        PERFORM refuse_act('open_case', which, why_unseen(which));
        RETURN 'unknown_case';
    END IF;
    code := CASE
        WHEN acting_role() = 'dispatcher' THEN 'not_your_work'
        WHEN how IS NULL OR how NOT IN ('claim', 'break_glass', 'reporter') THEN 'unknown_kind'
        WHEN why IS NULL OR why !~ '^[a-z][a-z_]{0,39}$' THEN 'reason_missing'
        WHEN how = 'claim' AND NOT holds THEN 'not_held'
        WHEN how = 'reporter' AND NOT holds AND acting_role() <> 'supervisor' THEN 'not_held'
        WHEN how = 'reporter' AND second.staff IS NULL THEN 'second_missing'
        WHEN how = 'reporter' AND lower(second.staff) = lower(acting_staff()) THEN 'second_is_first'
        WHEN how = 'reporter' AND (second.role <> 'supervisor' OR NOT covers(second.scope, found_case.centre, found_case.county))
            THEN 'second_is_no_supervisor'
        WHEN how = 'reporter' AND which = ANY (conflicts_of(second.staff)) THEN 'second_is_no_supervisor'
    END;
    IF code IS NOT NULL THEN
        RETURN refuse_act('open_case', which, code);
    END IF;
    INSERT INTO reveal (case_id, kind, reason, staff, seconded_by, ends_at) VALUES (
        which, how, why, acting_staff(), CASE WHEN how = 'reporter' THEN second.staff END,
        clock_timestamp() + CASE how WHEN 'claim' THEN interval '12 hours' ELSE interval '15 minutes' END);
    PERFORM told('reveal', which, jsonb_strip_nulls(jsonb_build_object(
        'how', how, 'reason', why, 'seconded_by', CASE WHEN how = 'reporter' THEN second.staff END)));
    RETURN 'done';
END $$;

CREATE FUNCTION tell_read(which uuid, what text, how_many int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT told('read', which, jsonb_build_object('what', plain_code(what), 'reports', how_many)) WHERE acting_staff() IS NOT NULL
$$;
COMMENT ON FUNCTION tell_read IS 'Something sealed of a case was opened in memory for whoever acts.';

-- A family worker learns of a household's protective case only that there is one, and whom to call.
CREATE FUNCTION protective_lead(which uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT other.centre FROM case_file other, seen_case(which) mine
    WHERE mine.case_id IS NOT NULL AND other.queue = 'protective' AND other.state NOT IN ('closed', 'merged', 'erased')
      AND (other.household_id = mine.household_id OR other.case_id = mine.linked_case_id OR other.linked_case_id = mine.case_id)
      AND other.case_id <> mine.case_id AND other.case_id <> ALL (conflicts_of(acting_staff()))
    ORDER BY other.opened_at DESC LIMIT 1
$$;

-- Who reads the audit, and what each process may do. Grants are the gate of processes; they are those of pipeline/flow.py.

CREATE POLICY auditors ON access_event FOR SELECT TO anwang_audit_reader USING (current_user = 'anwang_' || (SELECT acting_role()));
CREATE POLICY auditors ON access_head FOR SELECT TO anwang_audit_reader USING (current_user = 'anwang_' || (SELECT acting_role()));
CREATE POLICY auditors ON access_anchor FOR SELECT TO anwang_audit_reader USING (current_user = 'anwang_' || (SELECT acting_role()));
GRANT SELECT ON access_event, access_head, access_anchor TO anwang_audit_reader;

GRANT SELECT ON credential, inbox, key_check, register_version, schema_migration, source, spool TO anwang_intake;
GRANT INSERT, UPDATE, DELETE ON credential, register_version, spool TO anwang_intake;
GRANT SELECT ON alarm, key_check, register_version, schema_migration, source TO anwang_feeds;
GRANT INSERT, UPDATE, DELETE ON alarm TO anwang_feeds;
GRANT SELECT ON alarm, attempt, case_alias, case_event, case_file, clock, decision, history, inbox, incident,
    key_check, link_edge, link_key, link_review, link_tie, outbox, policy_activation, policy_release, policy_shadow,
    policy_signature, policy_signer, register_version, report, report_original, report_version, schema_migration,
    shadow_decision, source, stream_cursor, stream_hole, unread_report TO anwang_assess;
GRANT INSERT, UPDATE, DELETE ON alarm, attempt, case_alias, case_event, case_file, clock, decision, inbox, incident,
    link_edge, link_key, link_review, outbox, report, report_original, report_version, shadow_decision, stream_cursor,
    stream_hole, unread_report TO anwang_assess;
GRANT SELECT ON alarm, key_check, outbox, relay_lease, relay_mark, schema_migration TO anwang_relay;
GRANT INSERT, UPDATE, DELETE ON alarm, outbox, relay_lease, relay_mark TO anwang_relay;
GRANT SELECT ON alarm, audit_mark, case_event, case_file, clock, decision, inbox, incident, key_check, outbox,
    relay_mark, report, report_original, report_version, schema_migration, spool, stream_cursor, stream_hole,
    unread_report TO anwang_auditor;
GRANT INSERT, UPDATE, DELETE ON alarm, audit_mark, stream_hole TO anwang_auditor;
GRANT SELECT ON alarm, case_alias, case_event, case_file, case_transfer, clock, decision, history, incident,
    key_check, link_edge, link_key, link_review, link_tie, outbox, override, override_part, policy_activation, policy_release,
    policy_shadow, policy_signature, policy_signer, register_version, report, report_original, report_version, ruling,
    schema_migration, source TO anwang_desk;
GRANT INSERT, UPDATE, DELETE ON alarm, case_alias, case_event, case_file, case_transfer, clock, incident, link_review,
    link_tie, outbox, override, override_part, report, report_original, report_version, ruling TO anwang_desk;
GRANT INSERT ON key_check TO anwang_assess, anwang_relay, anwang_auditor, anwang_desk, anwang_operate;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO anwang_operate;
REVOKE ALL ON access_event, access_head, access_anchor, schema_migration FROM anwang_operate;
REVOKE UPDATE, DELETE ON past_conflict FROM anwang_operate;
GRANT SELECT ON schema_migration TO anwang_operate, anwang_people;
GRANT SELECT, INSERT, UPDATE ON staff_session TO anwang_desk;
GRANT SELECT ON staff, post TO anwang_desk;
GRANT SELECT ON access_event, access_head TO anwang_auditor;
GRANT SELECT, INSERT ON access_anchor TO anwang_auditor;
GRANT SELECT ON case_file, case_alias, incident, report, report_version, report_original, link_key, staff, post, staff_session,
    staff_tie, past_conflict TO anwang_keeper;
GRANT SELECT, INSERT, DELETE ON claim TO anwang_keeper;
GRANT SELECT, INSERT ON reveal TO anwang_keeper;
GRANT INSERT ON access_event TO anwang_keeper;
GRANT SELECT, INSERT, UPDATE ON access_head TO anwang_keeper;

-- The functions that look further than their caller belong to the keeper, and are for those named here alone.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_of(text), acting_staff(), acting_scope(), acting_role()
    TO anwang_people, anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor,
    anwang_policy_owner, anwang_analyst, anwang_operator, anwang_audit_reader;
GRANT EXECUTE ON FUNCTION covers(text, text, text), role_works_on(text, text), is_open_to_me(uuid), has_opened(uuid, text[]),
        may_read_story(text, text, bool, uuid), refuse_act(text, uuid, text),
        open_case(uuid, text, text), tell_read(uuid, text, int), protective_lead(uuid)
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT EXECUTE ON FUNCTION refuse_act(text, uuid, text) TO anwang_policy_owner, anwang_analyst, anwang_operator, anwang_audit_reader;
GRANT EXECUTE ON FUNCTION access_hash(bytea, text, bigint, timestamptz, text, text, jsonb) TO anwang_keeper;
GRANT EXECUTE ON FUNCTION audit_append(text, text, text, jsonb), audit_append_many(text, jsonb)
    TO anwang_assess, anwang_relay, anwang_auditor, anwang_intake, anwang_feeds, anwang_desk, anwang_operate;
GRANT EXECUTE ON FUNCTION acting_staff(), acting_scope(), acting_role(), covers(text, text, text), role_works_on(text, text),
    plain_code(text) TO anwang_keeper;
GRANT SELECT ON revealed_report, revealed_story, revealed_original
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'audit_append(text, text, text, jsonb)', 'audit_append_many(text, jsonb)', 'session_of(text)', 'conflicts_of(text)',
        'is_open_to_me(uuid)', 'has_opened(uuid, text[])', 'told(text, uuid, jsonb)', 'seen_case(uuid)',
        'refuse_act(text, uuid, text)', 'why_unseen(uuid)',
        'open_case(uuid, text, text)', 'tell_read(uuid, text, int)', 'protective_lead(uuid)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO anwang_keeper', name);
    END LOOP;
END $$;
ALTER VIEW revealed_report OWNER TO anwang_keeper;
ALTER VIEW revealed_story OWNER TO anwang_keeper;
ALTER VIEW revealed_original OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
