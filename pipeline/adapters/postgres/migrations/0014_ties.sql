-- What follows where a member of staff turns out to be a party to a case; and counts that may leave.
--
-- claim_ended is written by the keeper, read by supervisors.

-- A claim of somebody who turns out to be a party ends at once: the case waits again, and its supervisors are told.

CREATE TABLE claim_ended (
    case_id  uuid NOT NULL REFERENCES case_file,
    staff    text NOT NULL REFERENCES staff,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (case_id, staff, ended_at)
);
COMMENT ON TABLE claim_ended IS 'Claims that ended because their holder, or someone at their address, is a party to the case.';
SELECT put_under_guard('claim_ended');
CREATE TRIGGER claim_ended_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_ended
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE POLICY of_my_cases ON claim_ended FOR SELECT TO anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = claim_ended.case_id));
GRANT SELECT ON claim_ended TO anwang_supervisor;
GRANT INSERT ON claim_ended TO anwang_keeper;

-- Only claims that can be concerned are looked at: those of the households of these cases, and of these people.
CREATE FUNCTION end_claims_of_parties(of_cases uuid[], of_staff text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended claim;
BEGIN
    FOR ended IN
        WITH near AS (
            SELECT k.case_id, k.staff FROM case_file o JOIN case_file h USING (household_id) JOIN claim k ON k.case_id = h.case_id
            WHERE o.case_id = ANY (of_cases)
            UNION SELECT k.case_id, k.staff FROM claim k WHERE k.staff = ANY (of_staff)
        ), parties AS (
            SELECT w.staff, conflicts_of(w.staff) AS cases FROM (SELECT DISTINCT n.staff FROM near n) AS w
        )
        DELETE FROM claim c USING near n JOIN parties p USING (staff)
        WHERE (c.case_id, c.staff) = (n.case_id, n.staff) AND c.case_id = ANY (p.cases) RETURNING c.*
    LOOP
        INSERT INTO claim_ended (case_id, staff) VALUES (ended.case_id, ended.staff);
        PERFORM audit_append('claims', 'claim_ended', ended.staff,
            jsonb_build_object('case_id', ended.case_id, 'role', ended.role, 'code', 'conflict_of_interest'));
    END LOOP;
END $$;

CREATE FUNCTION after_new_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    met uuid[] := ARRAY(SELECT DISTINCT i.case_id FROM new_keys n JOIN staff_tie t ON t.token = n.token
        JOIN report r ON r.report_id = n.report_id JOIN incident i ON i.incident_id = r.incident_id);
BEGIN
    IF met <> '{}' THEN
        PERFORM end_claims_of_parties(met, '{}');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER link_key_of_a_party AFTER INSERT ON link_key REFERENCING NEW TABLE AS new_keys
    FOR EACH STATEMENT EXECUTE FUNCTION after_new_keys();

CREATE FUNCTION after_new_ties() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM end_claims_of_parties('{}', ARRAY(SELECT DISTINCT n.staff FROM new_ties n));
    RETURN NULL;
END $$;
CREATE TRIGGER tie_of_a_holder AFTER INSERT ON staff_tie REFERENCING NEW TABLE AS new_ties
    FOR EACH STATEMENT EXECUTE FUNCTION after_new_ties();

CREATE FUNCTION after_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'report' THEN
        PERFORM end_claims_of_parties(ARRAY(SELECT i.case_id FROM incident i WHERE i.incident_id = NEW.incident_id), '{}');
    ELSE
        PERFORM end_claims_of_parties(ARRAY[NEW.case_id], '{}');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER incident_of_a_party AFTER UPDATE OF case_id ON incident
    FOR EACH ROW WHEN (OLD.case_id IS DISTINCT FROM NEW.case_id) EXECUTE FUNCTION after_moves();
CREATE TRIGGER report_of_a_party AFTER UPDATE OF incident_id ON report
    FOR EACH ROW WHEN (OLD.incident_id IS DISTINCT FROM NEW.incident_id) EXECUTE FUNCTION after_moves();
CREATE TRIGGER household_of_a_party AFTER UPDATE OF household_id ON case_file
    FOR EACH ROW WHEN (OLD.household_id IS DISTINCT FROM NEW.household_id) EXECUTE FUNCTION after_moves();

-- What an opened case's card needs to know of it.
CREATE FUNCTION has_broken_glass(which uuid) RETURNS bool
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT has_opened(which, '{break_glass}') $$;

-- Counts that leave: of whole months alone, of tables that are fixed, in steps of five, and none below five. What two
-- tables have in common is rounded in both, so that no difference of theirs is one case.

CREATE FUNCTION case_counts(by text[]) RETURNS TABLE (cell text[], cases int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    mine uuid[];
BEGIN
    IF me.staff IS NULL OR me.role NOT IN ('analyst', 'supervisor') THEN
        RETURN;
    END IF;
    IF by::text NOT IN ('{county}', '{category}', '{queue}', '{priority}', '{month}', '{county,month}', '{county,queue}',
        '{county,category}', '{category,month}', '{queue,month}', '{queue,priority}', '{priority,month}') THEN
        RAISE EXCEPTION 'no such table of counts' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    mine := conflicts_of(me.staff);
    PERFORM told('export', NULL, jsonb_build_object('what', 'counts_' || array_to_string(by, '_')));
    RETURN QUERY
        SELECT ARRAY(
            SELECT CASE name
                WHEN 'county' THEN coalesce(c.county, '-') WHEN 'queue' THEN c.queue WHEN 'priority' THEN c.priority
                WHEN 'category' THEN told_of.category
                ELSE to_char(c.opened_at AT TIME ZONE 'Asia/Taipei', 'YYYY-MM') END
            FROM unnest(by) WITH ORDINALITY AS d (name, place) ORDER BY place
        ) AS cell_of, (count(DISTINCT c.case_id) / 5 * 5)::int
        FROM case_file c
        CROSS JOIN LATERAL (
            SELECT unnest(c.categories) AS category WHERE 'category' = ANY (by)
            UNION ALL SELECT NULL WHERE 'category' <> ALL (by)
        ) AS told_of
        WHERE c.state NOT IN ('merged', 'erased') AND covers(me.scope, c.centre, c.county) AND c.case_id <> ALL (mine)
          AND c.opened_at < date_trunc('month', now() AT TIME ZONE 'Asia/Taipei') AT TIME ZONE 'Asia/Taipei'
        GROUP BY cell_of HAVING count(DISTINCT c.case_id) >= 5 ORDER BY cell_of;
END $$;
COMMENT ON FUNCTION case_counts IS 'No place below the county: a village and a kind of violence tell of a family.';

REVOKE ALL ON FUNCTION end_claims_of_parties(uuid[], text[]), after_new_keys(), after_new_ties(), after_moves(), has_broken_glass(uuid), case_counts(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION has_broken_glass(uuid)
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT EXECUTE ON FUNCTION case_counts(text[]) TO anwang_analyst, anwang_supervisor;
GRANT CREATE ON SCHEMA public TO anwang_keeper;
ALTER FUNCTION end_claims_of_parties(uuid[], text[]) OWNER TO anwang_keeper;
ALTER FUNCTION after_new_keys() OWNER TO anwang_keeper;
ALTER FUNCTION after_new_ties() OWNER TO anwang_keeper;
ALTER FUNCTION after_moves() OWNER TO anwang_keeper;
ALTER FUNCTION has_broken_glass(uuid) OWNER TO anwang_keeper;
ALTER FUNCTION case_counts(text[]) OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
