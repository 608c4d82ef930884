-- Signing in, and what the desk by HTTP stands on.
--
-- sign_in_lock and oidc_flow are for the desk's process alone; operate (the commands) may lift a lock. The column
-- outbox.centre is written by whoever writes the outbox.

CREATE TABLE sign_in_lock (
    staff        text PRIMARY KEY,
    failures     int NOT NULL,
    last_at      timestamptz NOT NULL DEFAULT now(),
    locked_until timestamptz
);
COMMENT ON TABLE sign_in_lock IS 'Failed attempts by the code that was typed, in small letters, whether or not somebody has it.';

CREATE TABLE oidc_flow (
    state    bytea PRIMARY KEY,
    nonce    text NOT NULL,
    verifier text NOT NULL,
    role     text,
    scope    text,
    ends_at  timestamptz NOT NULL
);
COMMENT ON TABLE oidc_flow IS 'Signings-in that are with the provider now; state is the SHA-256 of what the browser holds. Each row is used once.';

SELECT put_under_guard('sign_in_lock'), put_under_guard('oidc_flow');
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_lock, oidc_flow TO anwang_desk;
GRANT SELECT, DELETE ON sign_in_lock TO anwang_operate;

-- An outside centre reads its own queue records, in the order in which they were written.
ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY;
ALTER TABLE outbox ADD COLUMN centre text;
UPDATE outbox SET centre = convert_from(message, 'UTF8')::jsonb ->> 'centre' WHERE topic LIKE 'queue.%';
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE INDEX outbox_centre ON outbox (centre, outbox_id) WHERE centre IS NOT NULL;
COMMENT ON COLUMN outbox.centre IS 'Of a queue record, the centre that it is for. All are written under the lock for linking, so that they are committed in the order of their numbers.';

CREATE FUNCTION records_of_my_centre(after bigint, how_many int) RETURNS TABLE (number bigint, message bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.outbox_id, o.message FROM outbox o
    WHERE acting_role() = 'dispatcher' AND o.centre = acting_scope() AND o.outbox_id > after
      AND o.case_id <> ALL (conflicts_of(acting_staff()))
    ORDER BY o.outbox_id LIMIT least(how_many, 1000)
$$;
COMMENT ON FUNCTION records_of_my_centre IS 'Of the one centre of the post alone; a post for a county or for all reads none.';

-- A transfer is seen by those who see its case, and by the centre that should take it.
CREATE FUNCTION transfer_is_mine(which uuid) RETURNS bool
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
BEGIN
    RETURN EXISTS (
        SELECT FROM case_transfer t JOIN case_file c USING (case_id)
        WHERE t.transfer_id = which AND (
            is_open_to_me(c.case_id)
            OR t.state = 'proposed' AND covers(me.scope, t.to_centre, t.to_county) AND role_works_on(me.role, c.queue)
               AND c.case_id <> ALL (conflicts_of(me.staff))));
END $$;
COMMENT ON FUNCTION transfer_is_mine IS 'It asks for the transfer alone: where it goes is not for the caller to say.';
GRANT SELECT ON case_transfer TO anwang_keeper;

CREATE POLICY of_my_centre ON case_transfer FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (current_user = 'anwang_' || (SELECT acting_role()) AND transfer_is_mine(transfer_id));
GRANT SELECT ON case_transfer
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

-- What people said of links of reports that one sees.
CREATE POLICY of_my_cases ON link_tie FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM report r WHERE r.report_id = report_a) AND EXISTS (SELECT FROM report r WHERE r.report_id = report_b));
CREATE POLICY of_my_cases ON ruling FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM link_tie t WHERE t.ruling_id = ruling.ruling_id));
GRANT SELECT ON link_tie TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT (ruling_id, kind, scope, ruled_by, seconded_by, ruled_at) ON ruling
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

REVOKE ALL ON FUNCTION records_of_my_centre(bigint, int), transfer_is_mine(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_of_my_centre(bigint, int) TO anwang_dispatcher;
GRANT EXECUTE ON FUNCTION transfer_is_mine(uuid)
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT ON outbox TO anwang_keeper;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
ALTER FUNCTION records_of_my_centre(bigint, int) OWNER TO anwang_keeper;
ALTER FUNCTION transfer_is_mine(uuid) OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
