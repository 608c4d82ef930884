-- Who is told by what and when, whether it arrived, who acknowledged it; and which call-outs to people were made.
--
-- notification is acknowledged by acknowledge_notification alone. delivery and delivery_try are written by watch, delivery
-- by operate, too, when a dead letter is sent again. call_out is written by note_call_out alone.

ALTER TABLE notification DROP CONSTRAINT notification_state_check;
ALTER TABLE notification ADD CONSTRAINT notification_state_check
    CHECK (state IN ('waiting', 'sending', 'sent', 'dead', 'no_target'));
CREATE INDEX notification_latest ON notification (made_at DESC, notification_id DESC);
CREATE INDEX notification_of_centre ON notification (centre, made_at DESC, notification_id DESC);
CREATE INDEX notification_of_county ON notification (county, made_at DESC, notification_id DESC);
COMMENT ON COLUMN notification.state IS 'waiting: for its targets to be found; sending: until each of them has it or is given up; sent: one at least has it; dead: none; no_target: nobody is named who could be told.';

CREATE TABLE delivery (
    notification_id uuid NOT NULL REFERENCES notification,
    target   text NOT NULL,
    channel  text NOT NULL CHECK (channel IN ('webhook', 'email')),
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    attempts int NOT NULL DEFAULT 0,
    forgiven int NOT NULL DEFAULT 0 CHECK (forgiven <= attempts),
    next_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    PRIMARY KEY (notification_id, target),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'waiting';
CREATE INDEX delivery_dead ON delivery (ended_at) WHERE state = 'dead';
COMMENT ON TABLE delivery IS 'A notification on its way to one target, which is a name of the targets file, never an address. Whoever sends it moves next_at on first: who is ended meanwhile has not said whether it arrived, and the same id is sent again.';
COMMENT ON COLUMN delivery.forgiven IS 'Tries before a person had a dead letter sent again: they count no more.';

CREATE TABLE delivery_try (
    notification_id uuid NOT NULL,
    target   text NOT NULL,
    attempt  int NOT NULL,
    outcome  text NOT NULL CHECK (outcome ~ '^[a-z][a-z0-9_]{0,39}$'),
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (notification_id, target, attempt),
    FOREIGN KEY (notification_id, target) REFERENCES delivery
);
COMMENT ON TABLE delivery_try IS 'How each try ended. A number that is missing is a try whose process was ended before it knew.';
CREATE TRIGGER delivery_try_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON delivery_try
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE call_out (
    call_out_id uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES case_file,
    staff       text NOT NULL REFERENCES staff,
    person      int NOT NULL CHECK (person > 0),
    way         text NOT NULL CHECK (way IN ('call', 'message', 'letter', 'visit')),
    planned_at  timestamptz NOT NULL,
    rule        text NOT NULL CHECK (rule IN ('allowed', 'ask_a_person', 'through_another', 'not_this_way', 'not_now')),
    reason      text CHECK (reason IN ('danger_now', 'asked_by_person', 'no_other_way', 'court')),
    seconded_by text REFERENCES staff CHECK (lower(seconded_by) <> lower(staff)),
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((rule = 'allowed') = (reason IS NULL)),
    CHECK ((rule = 'allowed') = (seconded_by IS NULL))
);
CREATE INDEX call_out_case ON call_out (case_id, noted_at);
COMMENT ON TABLE call_out IS 'Calls, messages, letters and visits to people of a case, by the number of the person on the card. Nobody is dialled by us.';
CREATE TRIGGER call_out_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON call_out
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

SELECT put_under_guard('delivery'), put_under_guard('delivery_try'), put_under_guard('call_out');
GRANT SELECT ON delivery, delivery_try TO anwang_watch;
GRANT INSERT, UPDATE ON delivery TO anwang_watch;
GRANT INSERT ON delivery_try TO anwang_watch;
GRANT SELECT, UPDATE ON delivery TO anwang_operate;
GRANT SELECT ON delivery_try, call_out TO anwang_operate;
GRANT SELECT, INSERT ON call_out TO anwang_keeper;

-- Whom a notification is for. A person sees it while its case is open to them; to others it does not exist.

CREATE FUNCTION is_told(audience text, named text, centre text, county text, me text, in_role text, in_scope text) RETURNS bool
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(CASE audience
        WHEN 'holder' THEN CASE WHEN named IS NULL THEN in_role <> 'dispatcher' ELSE named = me END
        WHEN 'bureau' THEN in_role = 'supervisor' AND in_scope IN (county, '*')
        ELSE in_role = 'supervisor' AND in_scope IN (centre, county, '*') END, false)
$$;
COMMENT ON FUNCTION is_told IS 'Of a case that nobody holds, whoever works for its centre is told. The bureau are supervisors of a whole county, or of all.';

CREATE POLICY told_to_me ON notification FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (
        current_user = 'anwang_' || (SELECT acting_role())
        AND covers((SELECT acting_scope()), centre, county)
        AND is_told(audience, staff, centre, county, (SELECT acting_staff()), (SELECT acting_role()), (SELECT acting_scope()))
        AND EXISTS (SELECT FROM case_file c WHERE c.case_id = notification.case_id)
    );
CREATE POLICY told_to_me ON delivery FOR SELECT TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM notification n WHERE n.notification_id = delivery.notification_id));
CREATE POLICY of_my_cases ON call_out FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = call_out.case_id));
GRANT SELECT ON notification, delivery, call_out TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

CREATE FUNCTION acknowledge_notification(which uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    found_one notification;
BEGIN
    SELECT n.* INTO found_one FROM notification n WHERE n.notification_id = which FOR UPDATE;
    IF found_one.notification_id IS NULL OR NOT is_open_to_me(found_one.case_id)
       OR NOT is_told(found_one.audience, found_one.staff, found_one.centre, found_one.county, me.staff, me.role, me.scope) THEN
        PERFORM refuse_act('acknowledge', found_one.case_id, CASE WHEN found_one.case_id IS NULL THEN 'unknown'
            ELSE why_unseen(found_one.case_id) END);
        RETURN jsonb_build_object('code', 'unknown_notification');
    END IF;
    IF found_one.acked_at IS NULL THEN
        UPDATE notification n SET acked_at = clock_timestamp(), acked_by = me.staff WHERE n.notification_id = which
            RETURNING n.* INTO found_one;
        PERFORM told('acknowledged', found_one.case_id, jsonb_build_object('notification_id', which));
    END IF;
    RETURN jsonb_build_object('code', 'done', 'notification_id', which, 'case_id', found_one.case_id,
        'acked_at', found_one.acked_at, 'acked_by', found_one.acked_by);
END $$;
COMMENT ON FUNCTION acknowledge_notification IS 'The first who acknowledges it stays; whoever comes after learns who that was.';

CREATE FUNCTION note_call_out(named uuid, which uuid, who int, by_way text, at timestamptz, by_rule text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    second staff_session;
    found_case case_file := seen_case(which);
    known call_out;
    code text;
BEGIN
    IF found_case.case_id IS NULL THEN
        PERFORM refuse_act('call_out', which, why_unseen(which));
        RETURN jsonb_build_object('code', 'unknown_case');
    END IF;
    SELECT o.* INTO known FROM call_out o WHERE o.call_out_id = named;
    IF by_rule <> 'allowed' AND why IS NOT NULL THEN
        second := session_of('anwang.second');
    END IF;
    code := CASE
        WHEN NOT EXISTS (SELECT FROM claim k WHERE k.case_id = which AND k.staff = me.staff
            AND coalesce(k.lease_until, 'infinity') > clock_timestamp()) THEN 'not_held'
        WHEN NOT has_opened(which, '{claim}') THEN 'not_opened'
        WHEN known.call_out_id IS NOT NULL AND (known.staff, known.case_id, known.person, known.way, known.rule) IS DISTINCT FROM
            (me.staff, which, who, by_way, by_rule) THEN 'id_taken'
        WHEN known.call_out_id IS NOT NULL AND at NOT BETWEEN known.planned_at - interval '1 hour' AND known.planned_at + interval '1 hour'
            THEN 'id_taken'
        WHEN known.call_out_id IS NOT NULL THEN 'done'
        WHEN by_rule = 'unknown_contact' THEN by_rule
        WHEN by_rule = 'allowed' THEN NULL
        WHEN why IS NULL OR by_rule = 'withheld' THEN by_rule
        WHEN second.staff IS NULL THEN 'second_missing'
        WHEN lower(second.staff) = lower(me.staff) THEN 'second_is_first'
        WHEN second.role <> 'supervisor' OR NOT covers(second.scope, found_case.centre, found_case.county)
            OR which = ANY (conflicts_of(second.staff)) THEN 'second_is_no_supervisor'
    END;
    IF code = 'done' THEN
        RETURN jsonb_build_object('code', 'done', 'call_out_id', named, 'rule', known.rule, 'is_new', false);
    END IF;
    IF code IS NOT NULL THEN
        PERFORM refuse_act('call_out', which, code);
        RETURN jsonb_build_object('code', code);
    END IF;
    INSERT INTO call_out (call_out_id, case_id, staff, person, way, planned_at, rule, reason, seconded_by)
        VALUES (named, which, me.staff, who, by_way, at, by_rule, CASE WHEN by_rule <> 'allowed' THEN why END, second.staff);
    PERFORM told('call_out', which, jsonb_strip_nulls(jsonb_build_object('call_out_id', named, 'person', who, 'way', by_way,
        'rule', by_rule, 'reason', CASE WHEN by_rule <> 'allowed' THEN plain_code(why) END, 'seconded_by', second.staff)));
    RETURN jsonb_build_object('code', 'done', 'call_out_id', named, 'rule', by_rule, 'is_new', true);
END $$;
COMMENT ON FUNCTION note_call_out IS 'by_rule is what the rules of safe contact say of this person, way and moment. Against them a coded reason and a supervisor are needed; what the other side has, too, is never used.';

REVOKE ALL ON FUNCTION is_told(text, text, text, text, text, text, text), acknowledge_notification(uuid),
    note_call_out(uuid, uuid, int, text, timestamptz, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_told(text, text, text, text, text, text, text) TO anwang_keeper,
    anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT EXECUTE ON FUNCTION acknowledge_notification(uuid), note_call_out(uuid, uuid, int, text, timestamptz, text, text)
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
SET LOCAL ROLE anwang_keeper;
GRANT EXECUTE ON FUNCTION conflicts_of(text) TO anwang_operate;
RESET ROLE;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
ALTER FUNCTION acknowledge_notification(uuid) OWNER TO anwang_keeper;
ALTER FUNCTION note_call_out(uuid, uuid, int, text, timestamptz, text, text) OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
