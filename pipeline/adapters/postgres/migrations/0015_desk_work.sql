-- What people do with cases: who holds which, in which stage, until when; what is to be done, and what rings.
--
-- ticket, claim, desk_act are written by the functions here alone; clock_met and task by them and by watch; timer by
-- triggers and by watch; timer_firing by watch; notification by watch, acknowledged by people through acknowledge().

-- The state machine, as pipeline/domain/desk.py has it, row for row.

CREATE TABLE desk_transition (
    act        text NOT NULL,
    stage      text NOT NULL,
    next_stage text NOT NULL,
    allowed    text NOT NULL,
    holder     text NOT NULL,
    reasons    text[] NOT NULL,
    meets      text,
    PRIMARY KEY (act, stage)
);
INSERT INTO desk_transition (act, stage, next_stage, allowed, holder, reasons, meets) VALUES
    ('claim', 'waiting', 'claimed', 'hands', 'actor', '{}', NULL),
    ('give_back', 'claimed', 'waiting', 'holder_or_supervisor', 'nobody', '{}', NULL),
    ('screen_open', 'claimed', 'screened', 'holder', 'nobody', '{}', 'child_grading'),
    ('screen_short', 'claimed', 'screened', 'holder', 'nobody', '{able_no_need,dead_family_needs,no_clear_violence,other,other_need_referred,refused_given_resources,safe_no_wish}', 'child_grading'),
    ('propose_not_open', 'claimed', 'not_opening', 'holder', 'as_before', '{able_unwilling,contact_failed,false_report,no_clear_violence,other,phone_failed,referred_elsewhere,refuses_contact,safe_unwilling,victim_dead,wrong_contact}', 'child_grading'),
    ('sign_not_open', 'not_opening', 'closed', 'other_supervisor', 'nobody', '{}', NULL),
    ('refuse_not_open', 'not_opening', 'claimed', 'other_supervisor', 'as_before', '{contact_not_tried,danger_overlooked,look_again,wrong_reason}', NULL),
    ('accept', 'screened', 'accepted', 'worker', 'actor', '{}', 'dispatch'),
    ('step', 'accepted', 'in_service', 'holder', 'as_before', '{}', NULL),
    ('step', 'in_service', 'in_service', 'holder', 'as_before', '{}', NULL),
    ('return', 'claimed', 'waiting', 'holder', 'nobody', '{contact_missing,duplicate_of_open,needs_other_skill,no_capacity,not_our_area,not_our_service}', NULL),
    ('return', 'screened', 'waiting', 'worker', 'nobody', '{contact_missing,duplicate_of_open,needs_other_skill,no_capacity,not_our_area,not_our_service}', NULL),
    ('return', 'accepted', 'waiting', 'holder', 'nobody', '{contact_missing,duplicate_of_open,needs_other_skill,no_capacity,not_our_area,not_our_service}', NULL),
    ('return', 'in_service', 'waiting', 'holder', 'nobody', '{contact_missing,duplicate_of_open,needs_other_skill,no_capacity,not_our_area,not_our_service}', NULL),
    ('assign', 'waiting', 'claimed', 'supervisor', 'named', '{conflict_of_interest,first_assignment,holder_away,other_skill,workload}', NULL),
    ('assign', 'claimed', 'claimed', 'supervisor', 'named', '{conflict_of_interest,first_assignment,holder_away,other_skill,workload}', NULL),
    ('assign', 'screened', 'accepted', 'supervisor', 'named', '{conflict_of_interest,first_assignment,holder_away,other_skill,workload}', NULL),
    ('assign', 'accepted', 'accepted', 'supervisor', 'named', '{conflict_of_interest,first_assignment,holder_away,other_skill,workload}', NULL),
    ('assign', 'in_service', 'in_service', 'supervisor', 'named', '{conflict_of_interest,first_assignment,holder_away,other_skill,workload}', NULL),
    ('assign', 'with_supervisor', 'claimed', 'supervisor', 'named', '{conflict_of_interest,first_assignment,holder_away,other_skill,workload}', NULL),
    ('dispute', 'waiting', 'disputed', 'supervisor', 'nobody', '{jurisdiction,kind_of_service,residence_unclear,who_leads}', NULL),
    ('dispute', 'claimed', 'disputed', 'holder_or_supervisor', 'nobody', '{jurisdiction,kind_of_service,residence_unclear,who_leads}', NULL),
    ('dispute', 'accepted', 'disputed', 'holder_or_supervisor', 'nobody', '{jurisdiction,kind_of_service,residence_unclear,who_leads}', NULL),
    ('dispute', 'in_service', 'disputed', 'holder_or_supervisor', 'nobody', '{jurisdiction,kind_of_service,residence_unclear,who_leads}', NULL),
    ('dispute', 'with_supervisor', 'disputed', 'supervisor', 'nobody', '{jurisdiction,kind_of_service,residence_unclear,who_leads}', NULL),
    ('escalate_dispute', 'disputed', 'disputed', 'supervisor', 'nobody', '{}', NULL),
    ('settle_dispute', 'disputed', 'waiting', 'platform', 'nobody', '{both_work_along,other_centre_takes_it,stays_here}', NULL),
    ('close', 'accepted', 'closed', 'holder', 'nobody', '{court_ended,declined,died,goals_reached,lost_contact,moved_away,referred,safe_now,unfounded}', NULL),
    ('close', 'in_service', 'closed', 'holder', 'nobody', '{court_ended,declined,died,goals_reached,lost_contact,moved_away,referred,safe_now,unfounded}', NULL),
    ('reopen', 'closed', 'waiting', 'supervisor', 'nobody', '{appeal,closed_wrongly,danger_again,new_information}', NULL),
    ('lapse', 'claimed', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'waiting', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'claimed', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'not_opening', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'screened', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'accepted', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'in_service', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'with_supervisor', 'waiting', 'system', 'nobody', '{}', NULL),
    ('move', 'disputed', 'waiting', 'system', 'nobody', '{}', NULL),
    ('holder_gone', 'claimed', 'waiting', 'system', 'nobody', '{}', NULL),
    ('holder_gone', 'not_opening', 'with_supervisor', 'system', 'nobody', '{}', NULL),
    ('holder_gone', 'accepted', 'with_supervisor', 'system', 'nobody', '{}', NULL),
    ('holder_gone', 'in_service', 'with_supervisor', 'system', 'nobody', '{}', NULL);

CREATE TABLE ticket (
    case_id       uuid PRIMARY KEY REFERENCES case_file,
    stage         text NOT NULL CHECK (stage IN ('waiting', 'claimed', 'not_opening', 'screened', 'accepted', 'in_service',
                      'with_supervisor', 'disputed', 'closed', 'merged', 'erased')),
    fence         bigint NOT NULL DEFAULT 0,
    since         timestamptz NOT NULL DEFAULT clock_timestamp(),
    returns       int NOT NULL DEFAULT 0,
    screening     text CHECK (screening IN ('open', 'short_service', 'not_open')),
    result        text CHECK (result IN ('established', 'not_established', 'not_opened')),
    reason        text,
    proposed_by   text REFERENCES staff,
    disputed_by   text REFERENCES staff,
    dispute_level text CHECK (dispute_level IN ('district', 'city')),
    queue         text NOT NULL,
    centre        text NOT NULL,
    county        text,
    priority      text NOT NULL,
    place         int NOT NULL,
    opened_at     timestamptz NOT NULL,
    CHECK ((stage = 'disputed') = (dispute_level IS NOT NULL))
);
COMMENT ON TABLE ticket IS 'Where each case stands at the desk. Queue to opened_at are the case file''s own, kept beside it so that one index serves a list.';
COMMENT ON COLUMN ticket.fence IS 'Raised with every change of hands: who comes with an older one holds the case no more.';
COMMENT ON COLUMN ticket.place IS 'The gravest first, and within a priority by points: a million for each priority, less the score.';

CREATE FUNCTION is_open_stage(stage text) RETURNS bool LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT stage NOT IN ('closed', 'merged', 'erased') $$;
CREATE INDEX ticket_of_centre ON ticket (centre, stage, place, opened_at, case_id) WHERE stage NOT IN ('closed', 'merged', 'erased');
CREATE INDEX ticket_of_county ON ticket (county, stage, place, opened_at, case_id) WHERE stage NOT IN ('closed', 'merged', 'erased');
CREATE INDEX ticket_open ON ticket (stage, place, opened_at, case_id) WHERE stage NOT IN ('closed', 'merged', 'erased');
CREATE INDEX ticket_waiting ON ticket (centre, queue, place, opened_at, case_id) WHERE stage = 'waiting';
CREATE INDEX ticket_closed ON ticket (centre, queue, priority, since DESC, case_id) WHERE stage = 'closed';

ALTER TABLE claim ADD COLUMN fence bigint NOT NULL DEFAULT 0, ADD COLUMN lease_until timestamptz;
CREATE INDEX claim_staff ON claim (staff);
COMMENT ON COLUMN claim.lease_until IS 'While a case is screened its holder must show that they are there; who has accepted a case holds it without a lease.';

CREATE TABLE desk_act (
    act_id  uuid PRIMARY KEY,
    staff   text NOT NULL,
    case_id uuid NOT NULL REFERENCES case_file,
    act     text NOT NULL,
    asked   text,
    answer  jsonb NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX desk_act_case ON desk_act (case_id, at);
COMMENT ON TABLE desk_act IS 'What people did, by an id that they gave it: said again it is answered as it was, and done once.';
COMMENT ON COLUMN desk_act.asked IS 'A digest of all that was said with the act: other words under the same id are not the same act.';

CREATE TABLE clock_met (
    incident_id uuid NOT NULL REFERENCES incident,
    name        text NOT NULL,
    met_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    met_by      text NOT NULL,
    PRIMARY KEY (incident_id, name)
);
COMMENT ON TABLE clock_met IS 'Clocks of the law whose work was done. One whose incident went up in another rings on for that one.';

CREATE TABLE task (
    task_id   uuid PRIMARY KEY,
    case_id   uuid NOT NULL,
    kind      text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at    timestamptz,
    done_at   timestamptz,
    done_by   text,
    dropped   bool NOT NULL DEFAULT false
);
CREATE INDEX task_open ON task (case_id) WHERE done_at IS NULL;
COMMENT ON TABLE task IS 'What somebody must do or acknowledge. due_at is set by watch, by the policy.';
COMMENT ON COLUMN task.dropped IS 'It ended without having been done: with its case, by system, or because a supervisor put it aside.';

CREATE TABLE timer (
    kind           text NOT NULL CHECK (kind IN ('clock', 'stage', 'lease', 'task')),
    subject        text NOT NULL,
    case_id        uuid NOT NULL,
    begun_at       timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    rung           int NOT NULL DEFAULT 0,
    next_at        timestamptz CHECK (isfinite(next_at)),
    policy_version text,
    held_since     timestamptz,
    held_s         float NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, subject)
);
COMMENT ON COLUMN timer.held_s IS 'For how long, in all, somebody has held the case while this ran: so long, up to one lease, it stood still. held_since: since when somebody does now.';
CREATE INDEX timer_next ON timer (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX timer_case ON timer (case_id);
COMMENT ON TABLE timer IS 'What rings when. No foreign key: an act holds its case and waits for the timer, watch holds the timer. Armed in the transaction that makes what it watches, to be looked at at once: what the policy says of it is watch''s to ask. subject: incident/clock, case, case, task.';

CREATE TABLE timer_firing (
    firing_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    subject    text NOT NULL,
    case_id    uuid NOT NULL,
    rung       int NOT NULL,
    planned_at timestamptz NOT NULL,
    fired_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX timer_firing_at ON timer_firing (fired_at);
CREATE INDEX timer_firing_of ON timer_firing (kind, subject, rung);

CREATE TABLE notification (
    notification_id uuid PRIMARY KEY,
    case_id   uuid NOT NULL,
    kind      text NOT NULL,
    subject   text NOT NULL,
    code      text NOT NULL,
    rung      int NOT NULL,
    audience  text NOT NULL CHECK (audience IN ('holder', 'supervisor', 'centre_head', 'bureau')),
    staff     text REFERENCES staff,
    centre    text NOT NULL,
    county    text,
    priority  text NOT NULL,
    due_at    timestamptz NOT NULL,
    needs_ack bool NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    acked_at  timestamptz,
    acked_by  text REFERENCES staff,
    state     text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'dead', 'no_target')),
    CHECK ((acked_at IS NULL) = (acked_by IS NULL))
);
CREATE INDEX notification_waiting ON notification (made_at) WHERE state = 'waiting';
CREATE INDEX notification_unanswered ON notification (kind, subject) WHERE needs_ack AND acked_at IS NULL;
CREATE INDEX notification_case ON notification (case_id);
COMMENT ON TABLE notification IS 'Who is told of what. Its id is derived from what rings and for whom: twice the same is one.';

CREATE INDEX outbox_record ON outbox (case_id, case_version) WHERE centre IS NOT NULL;

SELECT put_under_guard('desk_transition'), put_under_guard('ticket'), put_under_guard('desk_act'), put_under_guard('clock_met'),
    put_under_guard('task'), put_under_guard('timer'), put_under_guard('timer_firing'), put_under_guard('notification');

GRANT SELECT ON ticket, clock_met, timer TO anwang_auditor;
GRANT SELECT ON timer_firing TO anwang_auditor;
GRANT SELECT ON ticket, claim, clock, clock_met, incident, case_file, task, timer, timer_firing, notification, alarm,
    policy_activation, policy_release, policy_signature, policy_signer, policy_shadow, schema_migration, key_check TO anwang_watch;
GRANT INSERT ON alarm, task, timer_firing, notification TO anwang_watch;
GRANT UPDATE ON alarm, task, timer, notification TO anwang_watch;
GRANT DELETE ON alarm, timer TO anwang_watch;
GRANT SELECT, INSERT, UPDATE, DELETE ON desk_transition, ticket, claim, desk_act, clock_met, task, timer, timer_firing, notification
    TO anwang_operate;
REVOKE INSERT, UPDATE, DELETE ON desk_transition FROM anwang_operate;
GRANT SELECT ON desk_transition, clock, case_event, outbox, history, case_alias TO anwang_keeper;
GRANT SELECT, INSERT, UPDATE ON ticket, claim, task, timer TO anwang_keeper;
GRANT SELECT, UPDATE ON case_file, notification TO anwang_keeper;
GRANT DELETE ON timer TO anwang_keeper;
GRANT SELECT, INSERT ON desk_act, clock_met TO anwang_keeper;
GRANT INSERT ON case_event, outbox TO anwang_keeper;

CREATE POLICY of_my_cases ON ticket FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = ticket.case_id));
CREATE POLICY of_my_cases ON clock_met FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM incident i WHERE i.incident_id = clock_met.incident_id));
CREATE POLICY of_my_cases ON task FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = task.case_id));
CREATE POLICY of_my_cases ON desk_act FOR SELECT
    TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = desk_act.case_id));
CREATE POLICY of_my_cases ON timer FOR SELECT
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor
    USING (EXISTS (SELECT FROM case_file c WHERE c.case_id = timer.case_id));
GRANT SELECT ON ticket, clock_met, task, timer
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT SELECT ON desk_act TO anwang_screener, anwang_protective_worker, anwang_family_worker, anwang_supervisor;

-- Timers are armed where what they watch is written.

CREATE FUNCTION place_of(priority text, standing jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 1000000 * array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], priority)
        - coalesce((SELECT sum((r ->> 'points')::int)::int FROM jsonb_array_elements(standing -> 'reasons') AS r), 0)
$$;

CREATE FUNCTION arm(what text, about text, which uuid, begun timestamptz, due timestamptz) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at) VALUES (what, about, which, begun, due, clock_timestamp())
    ON CONFLICT (kind, subject) DO UPDATE
        SET case_id = excluded.case_id, begun_at = excluded.begun_at, due_at = excluded.due_at, next_at = excluded.next_at, rung = 0,
            policy_version = NULL, held_since = NULL, held_s = 0
$$;

CREATE FUNCTION arm_clocks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)
    SELECT 'clock', n.incident_id || '/' || n.name, i.case_id, clock_timestamp(), n.due_at, clock_timestamp()
    FROM new_clocks n JOIN incident i USING (incident_id)
    WHERE NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (n.incident_id, n.name))
    ON CONFLICT (kind, subject) DO UPDATE
        SET case_id = excluded.case_id, due_at = excluded.due_at, next_at = excluded.next_at,
            rung = CASE WHEN excluded.due_at > timer.due_at THEN 0 ELSE timer.rung END
        WHERE (timer.case_id, timer.due_at) IS DISTINCT FROM (excluded.case_id, excluded.due_at) OR timer.next_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER clocks_arm AFTER INSERT ON clock REFERENCING NEW TABLE AS new_clocks
    FOR EACH STATEMENT EXECUTE FUNCTION arm_clocks();

CREATE FUNCTION after_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me text := NEW.case_id::text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.stage = OLD.stage AND NEW.since = OLD.since AND NEW.priority = OLD.priority THEN
        UPDATE timer t SET next_at = clock_timestamp() WHERE t.kind = 'stage' AND t.subject = me;
        RETURN NULL;
    END IF;
    IF NEW.stage IN ('closed', 'erased') AND (TG_OP = 'INSERT' OR NEW.stage <> OLD.stage) THEN
        UPDATE task t SET done_at = clock_timestamp(), done_by = 'system', dropped = true WHERE t.case_id = NEW.case_id AND t.done_at IS NULL;
    END IF;
    IF NOT is_open_stage(NEW.stage) THEN
        DELETE FROM timer t WHERE t.case_id = NEW.case_id AND t.kind IN ('clock', 'stage', 'lease');
        RETURN NULL;
    END IF;
    IF NEW.stage <> 'claimed' THEN
        DELETE FROM timer t WHERE t.kind = 'lease' AND t.subject = me;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.priority = OLD.priority AND (NEW.queue, NEW.centre) = (OLD.queue, OLD.centre)
        AND (OLD.stage, NEW.stage) IN (('waiting', 'claimed'), ('claimed', 'waiting')) THEN
        UPDATE timer t SET next_at = clock_timestamp(), held_since = CASE WHEN NEW.stage = 'claimed' THEN clock_timestamp() END,
            held_s = t.held_s + coalesce(extract(epoch FROM clock_timestamp() - t.held_since), 0)
        WHERE t.kind = 'stage' AND t.subject = me;
    ELSE
        PERFORM arm('stage', me, NEW.case_id, clock_timestamp(), clock_timestamp());
        UPDATE timer t SET held_since = clock_timestamp() WHERE NEW.stage = 'claimed' AND t.kind = 'stage' AND t.subject = me;
    END IF;
    IF TG_OP = 'UPDATE' AND NOT is_open_stage(OLD.stage) THEN
        UPDATE task t SET done_at = clock_timestamp(), done_by = 'system'
        WHERE t.case_id = NEW.case_id AND t.kind = 'arrived_on_closed' AND t.done_at IS NULL;
        INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)
        SELECT 'clock', k.incident_id || '/' || k.name, NEW.case_id, clock_timestamp(), k.due_at, clock_timestamp()
        FROM clock k JOIN incident i USING (incident_id)
        WHERE i.case_id = NEW.case_id
          AND NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (k.incident_id, k.name))
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_arms AFTER INSERT OR UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION after_ticket();

CREATE FUNCTION after_lease() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.lease_until IS NOT NULL THEN
        INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)
        VALUES ('lease', NEW.case_id::text, NEW.case_id, clock_timestamp(), NEW.lease_until, NEW.lease_until)
        ON CONFLICT (kind, subject) DO UPDATE SET due_at = excluded.due_at, next_at = excluded.next_at;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER claim_arms AFTER INSERT OR UPDATE OF lease_until ON claim FOR EACH ROW EXECUTE FUNCTION after_lease();

CREATE FUNCTION add_task(which uuid, what text, about text) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO task (task_id, case_id, kind)
    VALUES (left(encode(sha256(convert_to('task ' || which || ' ' || what || ' ' || about, 'UTF8')), 'hex'), 32)::uuid, which, what)
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION after_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.done_at IS NOT NULL THEN
        DELETE FROM timer t WHERE t.kind = 'task' AND t.subject = NEW.task_id::text;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM arm('task', NEW.task_id::text, NEW.case_id, NEW.opened_at, coalesce(NEW.due_at, NEW.opened_at));
    ELSIF NEW.case_id <> OLD.case_id THEN
        UPDATE timer t SET case_id = NEW.case_id WHERE t.kind = 'task' AND t.subject = NEW.task_id::text;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER task_arms AFTER INSERT OR UPDATE ON task FOR EACH ROW EXECUTE FUNCTION after_task();

CREATE FUNCTION after_met() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM timer t WHERE t.kind = 'clock' AND t.subject = NEW.incident_id || '/' || NEW.name;
    RETURN NULL;
END $$;
CREATE TRIGGER met_silences AFTER INSERT ON clock_met FOR EACH ROW EXECUTE FUNCTION after_met();

-- What went up in another case is that one's to do.
CREATE FUNCTION after_alias() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE task t SET case_id = NEW.case_id WHERE t.case_id = NEW.alias_id AND t.done_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER alias_takes_tasks AFTER INSERT OR UPDATE ON case_alias FOR EACH ROW EXECUTE FUNCTION after_alias();

-- A ticket follows its case file, whoever writes that: a report, a ruling, an override, a transfer, an erasure.

CREATE FUNCTION before_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was ticket;
    moves bool := NEW.state <> 'closed' AND (NEW.queue, NEW.centre) IS DISTINCT FROM (OLD.queue, OLD.centre);
    becomes text;
BEGIN
    SELECT t.* INTO was FROM ticket t WHERE t.case_id = NEW.case_id FOR UPDATE;
    becomes := CASE
        WHEN NEW.state IN ('merged', 'erased') THEN NEW.state
        WHEN NEW.state = 'closed' THEN 'closed'
        WHEN was.stage = 'merged' OR moves THEN 'waiting'
        WHEN was.stage = 'closed' THEN 'waiting'
        ELSE was.stage END;
    NEW.state := CASE WHEN becomes IN ('waiting', 'closed', 'merged', 'erased') THEN becomes ELSE 'claimed' END;
    IF becomes <> was.stage OR (NEW.queue, NEW.centre, NEW.county, NEW.priority, NEW.standing)
        IS DISTINCT FROM (OLD.queue, OLD.centre, OLD.county, OLD.priority, OLD.standing) THEN
        UPDATE ticket t SET
            stage = becomes, queue = NEW.queue, centre = NEW.centre, county = NEW.county, priority = NEW.priority,
            place = place_of(NEW.priority, NEW.standing),
            since = CASE WHEN becomes <> was.stage OR moves THEN clock_timestamp() ELSE was.since END,
            fence = was.fence + CASE WHEN becomes <> was.stage OR moves THEN 1 ELSE 0 END,
            dispute_level = CASE WHEN becomes = 'disputed' THEN was.dispute_level END
        WHERE t.case_id = NEW.case_id;
    END IF;
    IF becomes IN ('waiting', 'merged', 'erased', 'closed') AND (becomes <> was.stage OR moves) THEN
        DELETE FROM claim k WHERE k.case_id = NEW.case_id;
    ELSIF becomes NOT IN ('waiting', 'merged', 'erased', 'closed')
        AND array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], NEW.priority)
            < array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], OLD.priority) THEN
        PERFORM add_task(NEW.case_id, 'raised', NEW.version::text);
    END IF;
    IF NEW.state = 'closed' AND OLD.state = 'closed' AND NEW.version > OLD.version AND NOT EXISTS (
        SELECT FROM case_event e WHERE (e.case_id, e.version, e.kind) = (NEW.case_id, NEW.version, 'case.handled.v1')) THEN
        PERFORM add_task(NEW.case_id, 'arrived_on_closed', NEW.version::text);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_keeps_ticket BEFORE UPDATE ON case_file
    FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version OR OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION before_case();

CREATE FUNCTION after_new_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO ticket (case_id, stage, queue, centre, county, priority, place, opened_at)
    VALUES (NEW.case_id, NEW.state, NEW.queue, NEW.centre, NEW.county, NEW.priority, place_of(NEW.priority, NEW.standing), NEW.opened_at);
    RETURN NULL;
END $$;
CREATE TRIGGER case_has_ticket AFTER INSERT ON case_file FOR EACH ROW EXECUTE FUNCTION after_new_case();

-- What comes for the people of a closed case is a case of its own; the centre that closed theirs hears of it.
CREATE FUNCTION after_linked_back() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.linked_case_id IS DISTINCT FROM OLD.linked_case_id THEN
        PERFORM add_task(t.case_id, 'arrived_on_closed', NEW.case_id::text) FROM ticket t
        WHERE t.case_id = NEW.linked_case_id AND t.stage = 'closed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER linked_back_is_told AFTER INSERT OR UPDATE OF linked_case_id ON case_file
    FOR EACH ROW WHEN (NEW.linked_case_id IS NOT NULL) EXECUTE FUNCTION after_linked_back();

INSERT INTO ticket (case_id, stage, queue, centre, county, priority, place, opened_at)
SELECT c.case_id, CASE WHEN c.state = 'claimed' OR k.case_id IS NOT NULL THEN 'accepted' ELSE c.state END,
    c.queue, c.centre, c.county, c.priority, place_of(c.priority, c.standing), c.opened_at
FROM case_file c LEFT JOIN claim k USING (case_id);
INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)
SELECT 'clock', k.incident_id || '/' || k.name, i.case_id, now(), k.due_at, now()
FROM clock k JOIN incident i USING (incident_id) JOIN ticket t USING (case_id) WHERE is_open_stage(t.stage);

-- What was done, in the case's own chain and for the world: as pipeline/domain/chain.py and notices.py write it.

CREATE FUNCTION tell_handled(which uuid, said jsonb, source text) RETURNS int
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    c case_file;
    at_text text := to_char(clock_timestamp() AT TIME ZONE 'Asia/Taipei', 'YYYY-MM-DD"T"HH24:MI:SS.US"+08:00"');
    lineage int := (SELECT number FROM history);
    id_text text;
    body bytea;
    chained bytea;
BEGIN
    SELECT f.* INTO c FROM case_file f WHERE f.case_id = which;
    id_text := coalesce(said ->> 'act_id',
        (left(encode(sha256(convert_to('handled ' || which || ' ' || c.version + 1, 'UTF8')), 'hex'), 32)::uuid)::text);
    body := convert_to(jsonb_build_object(
        'type', 'case.handled.v1', 'event_id', id_text, 'case_id', which, 'case_version', c.version + 1, 'outcome', NULL,
        'released', NULL, 'link_class', NULL, 'link_reasons', '[]'::jsonb, 'incident_id', NULL, 'merged_into', NULL,
        'absorbed', '[]'::jsonb, 'asked_for', '[]'::jsonb,
        'reports', coalesce((SELECT jsonb_agg(r.report_id ORDER BY r.arrival_no)
            FROM report r JOIN incident i USING (incident_id) WHERE i.case_id = which), '[]'::jsonb),
        'ruling', NULL, 'override', NULL, 'transfer', NULL, 'erasure', NULL, 'handled', said - 'act_id',
        'queue', c.queue, 'centre', c.centre, 'county', c.county, 'priority', c.priority,
        'child_grade', c.standing -> 'child_grade',
        'score', 1000000 * array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], c.priority) - place_of(c.priority, c.standing),
        'source', source, 'policy_version', c.standing -> 'policy_version', 'history', lineage, 'recorded_at', at_text
    )::text, 'UTF8');
    chained := sha256(c.head_hash || uuid_send(which) || int8send(c.version + 1) || body);
    INSERT INTO case_event (case_id, version, kind, body, prior_hash, hash)
    VALUES (which, c.version + 1, 'case.handled.v1', body, c.head_hash, chained);
    INSERT INTO outbox (message_id, topic, case_id, case_version, event_id, message_key, message)
    VALUES (left(encode(sha256(convert_to('case.events.v1 ' || which || ' ' || c.version + 1, 'UTF8')), 'hex'), 32)::uuid,
        'case.events.v1', which, c.version + 1, id_text, convert_to(replace(which::text, '-', ''), 'UTF8'), body);
    UPDATE case_file f SET version = c.version + 1, head_hash = chained,
        state = CASE said ->> 'stage' WHEN 'waiting' THEN 'waiting' WHEN 'closed' THEN 'closed' ELSE 'claimed' END
    WHERE f.case_id = which;
    IF said ->> 'act' = 'reopen' OR said ->> 'stage' = 'closed' AND said ->> 'was' <> 'closed' THEN
        INSERT INTO outbox (message_id, topic, case_id, case_version, event_id, message_key, message, centre)
        SELECT told.message_id, o.topic, which, c.version + 1, id_text, o.message_key,
            convert_to((convert_from(o.message, 'UTF8')::jsonb || jsonb_build_object(
                'message_id', told.message_id, 'kind', told.kind, 'event_id', id_text, 'case_version', c.version + 1,
                'history', lineage, 'recorded_at', at_text))::text, 'UTF8'), o.centre
        FROM outbox o, LATERAL (SELECT CASE said ->> 'act' WHEN 'reopen' THEN 'assigned' ELSE 'withdrawn' END AS kind) AS k,
            LATERAL (SELECT k.kind, left(encode(sha256(convert_to(
                o.topic || ' ' || which || ' ' || c.version + 1 || ' ' || k.kind || ' ' || o.centre, 'UTF8')), 'hex'), 32)::uuid
                AS message_id) AS told
        WHERE o.case_id = which AND o.centre = c.centre AND o.topic = 'queue.' || c.queue || '.v1'
        ORDER BY o.case_version DESC LIMIT 1;
    END IF;
    RETURN c.version + 1;
END $$;

-- Moves the ticket along a row of desk_transition; whoever calls this has locked case and ticket and asked who may.
CREATE FUNCTION is_done_by_step(kind text) RETURNS bool LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT kind NOT IN ('raised', 'arrived_on_closed', 'co_work', 'co_work_refused') $$;

CREATE FUNCTION move_ticket(was ticket, rule desk_transition, actor text, in_role text, in_scope text, said jsonb, source text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    now_stage text := CASE WHEN rule.act = 'return' AND was.returns + 1 >= 3 THEN 'with_supervisor' ELSE rule.next_stage END;
    hands bool := rule.holder <> 'as_before';
    now_fence bigint := was.fence + CASE WHEN hands THEN 1 ELSE 0 END;
    until timestamptz := CASE WHEN now_stage = 'claimed' THEN clock_timestamp()
        + make_interval(secs => least(greatest(coalesce((said ->> 'lease_s')::float, 1800), 1), 43200)) END;
    version int;
    held_by text;
    met int;
    helped int;
BEGIN
    UPDATE ticket t SET
        stage = now_stage, fence = now_fence, since = CASE WHEN now_stage = was.stage THEN was.since ELSE clock_timestamp() END,
        returns = CASE rule.act WHEN 'return' THEN was.returns + 1 WHEN 'reopen' THEN 0 ELSE was.returns END,
        screening = CASE rule.act WHEN 'screen_open' THEN 'open' WHEN 'screen_short' THEN 'short_service'
            WHEN 'propose_not_open' THEN 'not_open' WHEN 'refuse_not_open' THEN NULL WHEN 'reopen' THEN NULL ELSE was.screening END,
        result = CASE WHEN rule.act = 'close' THEN said ->> 'result' WHEN rule.act = 'sign_not_open' THEN 'not_opened'
            WHEN rule.act = 'reopen' THEN NULL ELSE was.result END,
        reason = coalesce(said ->> 'reason', CASE WHEN rule.act = 'sign_not_open' THEN was.reason END),
        proposed_by = CASE rule.act WHEN 'propose_not_open' THEN actor WHEN 'sign_not_open' THEN was.proposed_by END,
        disputed_by = CASE rule.act WHEN 'dispute' THEN actor WHEN 'escalate_dispute' THEN was.disputed_by END,
        dispute_level = CASE WHEN now_stage <> 'disputed' THEN NULL WHEN rule.act = 'escalate_dispute' THEN 'city' ELSE 'district' END
    WHERE t.case_id = was.case_id;
    IF rule.holder = 'nobody' THEN
        DELETE FROM claim k WHERE k.case_id = was.case_id;
    ELSIF hands THEN
        INSERT INTO claim (case_id, staff, role, scope, claimed_at, fence, lease_until)
        VALUES (was.case_id, actor, in_role, in_scope, clock_timestamp(), now_fence, until)
        ON CONFLICT (case_id) DO UPDATE SET staff = excluded.staff, role = excluded.role, scope = excluded.scope,
            claimed_at = excluded.claimed_at, fence = excluded.fence, lease_until = excluded.lease_until;
    ELSE
        UPDATE claim k SET lease_until = until WHERE k.case_id = was.case_id;
    END IF;
    SELECT k.staff INTO held_by FROM claim k WHERE k.case_id = was.case_id;
    version := tell_handled(was.case_id, jsonb_strip_nulls(jsonb_build_object(
        'act', rule.act, 'was', was.stage, 'stage', now_stage, 'fence', now_fence, 'reason', said ->> 'reason',
        'result', said ->> 'result', 'step', said ->> 'step', 'act_id', said ->> 'act_id')) || jsonb_build_object(
        'by', CASE WHEN source = 'desk' THEN coalesce(said ->> 'by', actor) END, 'holder', held_by), source);
    INSERT INTO clock_met (incident_id, name, met_by)
    SELECT k.incident_id, k.name, coalesce(said ->> 'by', actor) FROM clock k JOIN incident i USING (incident_id)
    WHERE i.case_id = was.case_id AND k.name = coalesce(rule.meets, said ->> 'step')
      AND (said ->> 'incident_id' IS NULL OR k.incident_id = (said ->> 'incident_id')::uuid)
      AND said ->> 'outcome' IS DISTINCT FROM 'not_reached'
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS met = ROW_COUNT;
    IF rule.act = 'step' AND said ->> 'outcome' IS DISTINCT FROM 'not_reached' THEN
        UPDATE task t SET done_at = clock_timestamp(), done_by = actor
        WHERE t.task_id = (SELECT o.task_id FROM task o WHERE o.case_id = was.case_id AND o.kind = said ->> 'step' AND o.done_at IS NULL
            AND is_done_by_step(o.kind) ORDER BY o.opened_at LIMIT 1);
        GET DIAGNOSTICS helped = ROW_COUNT;
        IF met + helped > 0 OR said ->> 'outcome' = 'reached' THEN
            PERFORM arm('stage', was.case_id::text, was.case_id, clock_timestamp(), clock_timestamp());
        END IF;
    END IF;
    RETURN jsonb_build_object('code', 'done', 'case_id', was.case_id, 'stage', now_stage, 'fence', now_fence,
        'version', version, 'held_by', held_by, 'lease_until', until);
END $$;

CREATE FUNCTION holds_now(which uuid, who text, with_fence bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN k.staff IS NULL THEN 'not_held'
        WHEN k.staff <> who THEN 'held_by_another'
        WHEN with_fence IS DISTINCT FROM k.fence THEN 'fence_stale'
        WHEN k.lease_until <= clock_timestamp() THEN 'lease_over' END
    FROM (SELECT 1) AS one LEFT JOIN claim k ON k.case_id = which
$$;

CREATE FUNCTION why_not(was ticket, rule desk_transition, me staff_session, with_fence bigint, said jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    grip text := holds_now(was.case_id, me.staff, with_fence);
BEGIN
    RETURN CASE
        WHEN me.role = 'dispatcher' THEN 'not_your_work'
        WHEN rule.allowed = 'system' THEN 'not_in_this_stage'
        WHEN rule.allowed IN ('supervisor', 'other_supervisor', 'platform') AND me.role <> 'supervisor' THEN 'not_your_work'
        WHEN rule.allowed = 'worker' AND me.role = 'screener' THEN 'not_your_work'
        WHEN rule.allowed = 'other_supervisor' AND lower(was.proposed_by) = lower(me.staff) THEN 'second_is_first'
        WHEN rule.allowed = 'platform' AND me.scope = was.centre THEN 'not_your_work'
        WHEN rule.allowed = 'platform' AND lower(was.disputed_by) = lower(me.staff) THEN 'second_is_first'
        WHEN rule.act = 'escalate_dispute' AND was.dispute_level = 'city' THEN 'not_in_this_stage'
        WHEN rule.allowed = 'holder' THEN grip
        WHEN rule.allowed = 'holder_or_supervisor' AND me.role <> 'supervisor' THEN grip
        END;
END $$;

CREATE FUNCTION is_full(who text, capacity int) RETURNS bool
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF capacity IS NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('capacity ' || lower(who), 0));
    RETURN (SELECT count(*) FROM (SELECT FROM claim k WHERE k.staff = who LIMIT capacity) AS held) >= capacity;
END $$;

CREATE FUNCTION act_on_case(which uuid, act text, with_fence bigint, said jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    seen case_file := seen_case(which);
    was ticket;
    rule desk_transition;
    done desk_act;
    to_post post;
    code text;
    answer jsonb;
BEGIN
    said := said - 'by';
    IF seen.case_id IS NULL OR seen.state = 'merged' THEN
        PERFORM refuse_act(act, which, why_unseen(which));
        RETURN jsonb_build_object('code', 'unknown_case');
    END IF;
    IF said ? 'act_id' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('act ' || (said ->> 'act_id'), 0));
    END IF;
    PERFORM FROM case_file c WHERE c.case_id = which FOR UPDATE;
    SELECT d.* INTO done FROM desk_act d WHERE d.act_id = (said ->> 'act_id')::uuid;
    IF done.act_id IS NOT NULL THEN
        RETURN CASE WHEN (done.staff, done.case_id, done.act) = (me.staff, which, act)
            AND done.asked IS NOT DISTINCT FROM said ->> 'asked' THEN done.answer ELSE jsonb_build_object('code', 'key_reused') END;
    END IF;
    seen := seen_case(which);
    SELECT t.* INTO was FROM ticket t WHERE t.case_id = which FOR UPDATE;
    IF seen.case_id IS NULL THEN
        RETURN jsonb_build_object('code', 'unknown_case');
    END IF;
    IF act = 'claim' AND was.stage = 'claimed' AND act_by_system(which, 'lapse', 'silence') THEN
        SELECT t.* INTO was FROM ticket t WHERE t.case_id = which;
    END IF;
    IF act = 'claim' AND was.stage = 'claimed' AND EXISTS (SELECT FROM claim k WHERE k.case_id = which AND k.staff = me.staff) THEN
        RETURN (SELECT jsonb_build_object('code', 'done', 'case_id', which, 'stage', was.stage, 'fence', was.fence,
            'version', seen.version, 'held_by', me.staff, 'lease_until', k.lease_until) FROM claim k WHERE k.case_id = which);
    END IF;
    SELECT r.* INTO rule FROM desk_transition r WHERE (r.act, r.stage) = (act_on_case.act, was.stage);
    said := said - array_remove(ARRAY['by', CASE WHEN rule.reasons = '{}' THEN 'reason' END,
        CASE WHEN act <> 'close' THEN 'result' END, CASE WHEN act <> 'step' THEN 'step' END,
        CASE WHEN act <> 'step' THEN 'outcome' END], NULL);
    code := CASE
        WHEN rule.act IS NULL AND act = 'claim' AND EXISTS (SELECT FROM claim k WHERE k.case_id = which AND k.staff <> me.staff)
            THEN 'held_by_another'
        WHEN rule.act IS NULL THEN 'not_in_this_stage'
        ELSE why_not(was, rule, me, with_fence, said) END;
    IF code = 'not_your_work' THEN
        PERFORM refuse_act(act, which, code);
    END IF;
    code := coalesce(code, CASE
        WHEN (said ->> 'version')::int <> seen.version THEN 'version_stale'
        WHEN rule.reasons <> '{}' AND NOT coalesce(said ->> 'reason', '') = ANY (rule.reasons) THEN 'reason_unknown'
        WHEN act = 'close' AND coalesce(said ->> 'result', '') NOT IN ('established', 'not_established') THEN 'result_unknown'
        WHEN act = 'step' AND coalesce(said ->> 'step', '') !~ '^[a-z][a-z0-9_]{0,39}$' THEN 'step_unknown'
        WHEN act = 'step' THEN step_fault(which, said)
        WHEN act IN ('claim', 'accept') AND is_full(me.staff, (said ->> 'capacity')::int) THEN 'capacity_reached' END);
    IF code IS NULL AND rule.holder = 'named' THEN
        SELECT p.* INTO to_post FROM post p JOIN staff w USING (staff)
        WHERE p.staff = said ->> 'to' AND p.ended_at IS NULL AND w.ended_at IS NULL AND p.role <> 'dispatcher'
          AND (p.role <> 'screener' OR rule.next_stage = 'claimed')
          AND covers(p.scope, seen.centre, seen.county) AND role_works_on(p.role, seen.queue)
          AND which <> ALL (conflicts_of(p.staff))
        ORDER BY (p.role = 'screener') <> (rule.next_stage = 'claimed'), p.role, p.scope LIMIT 1;
        code := CASE WHEN to_post.staff IS NULL THEN 'nobody_there' END;
        said := said || jsonb_build_object('by', me.staff);
    END IF;
    IF code IS NOT NULL THEN
        RETURN jsonb_build_object('code', code);
    END IF;
    answer := move_ticket(was, rule, coalesce(to_post.staff, me.staff), coalesce(to_post.role, me.role),
        coalesce(to_post.scope, me.scope), said, 'desk');
    IF act = 'step' THEN
        PERFORM write_step(which, me.staff, (answer ->> 'version')::int, said);
    END IF;
    IF said ? 'act_id' THEN
        INSERT INTO desk_act (act_id, staff, case_id, act, asked, answer)
        VALUES ((said ->> 'act_id')::uuid, me.staff, which, act, said ->> 'asked', answer);
    END IF;
    RETURN answer;
END $$;
COMMENT ON FUNCTION act_on_case IS 'All that people do with a case, one statement each; what cannot be done is answered with a code.';

-- The gravest waiting case that nobody else is taking at this moment.
CREATE FUNCTION claim_next(of_queue text, of_centre text, said jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    not_mine uuid[];
    was ticket;
    rule desk_transition;
    done desk_act;
    answer jsonb;
BEGIN
    IF me.staff IS NULL OR me.role = 'dispatcher' OR NOT role_works_on(me.role, of_queue) THEN
        PERFORM refuse_act('claim', NULL, 'not_your_work');
        RETURN jsonb_build_object('code', 'not_your_work');
    END IF;
    said := said - ARRAY['by', 'reason', 'result', 'step', 'outcome'];
    IF said ? 'act_id' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('act ' || (said ->> 'act_id'), 0));
    END IF;
    SELECT d.* INTO done FROM desk_act d WHERE d.act_id = (said ->> 'act_id')::uuid;
    IF done.act_id IS NOT NULL THEN
        RETURN CASE WHEN (done.staff, done.act) = (me.staff, 'claim') AND done.asked IS NOT DISTINCT FROM said ->> 'asked'
            THEN done.answer ELSE jsonb_build_object('code', 'key_reused') END;
    END IF;
    IF is_full(me.staff, (said ->> 'capacity')::int) THEN
        RETURN jsonb_build_object('code', 'capacity_reached');
    END IF;
    not_mine := conflicts_of(me.staff);
    SELECT t.* INTO was FROM ticket t JOIN case_file c USING (case_id)
    WHERE t.stage = 'waiting' AND c.state = 'waiting' AND t.queue = of_queue AND t.centre = of_centre
      AND covers(me.scope, t.centre, t.county) AND t.case_id <> ALL (not_mine)
    ORDER BY t.place, t.opened_at, t.case_id LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
    IF was.case_id IS NULL THEN
        RETURN jsonb_build_object('code', 'nothing_waits');
    END IF;
    SELECT t.* INTO was FROM ticket t WHERE t.case_id = was.case_id FOR UPDATE;
    SELECT r.* INTO rule FROM desk_transition r WHERE (r.act, r.stage) = ('claim', was.stage);
    IF rule.act IS NULL THEN
        RETURN jsonb_build_object('code', 'nothing_waits');
    END IF;
    answer := move_ticket(was, rule, me.staff, me.role, me.scope, said, 'desk');
    IF said ? 'act_id' THEN
        INSERT INTO desk_act (act_id, staff, case_id, act, asked, answer)
        VALUES ((said ->> 'act_id')::uuid, me.staff, was.case_id, 'claim', said ->> 'asked', answer);
    END IF;
    RETURN answer;
END $$;

-- Presence: the lease of one's claim goes on from now.
CREATE FUNCTION renew_claim(which uuid, with_fence bigint, for_s float) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    code text;
    until timestamptz := clock_timestamp() + make_interval(secs => least(greatest(for_s, 1), 43200));
BEGIN
    IF (seen_case(which)).case_id IS NULL THEN
        PERFORM refuse_act('renew', which, why_unseen(which));
        RETURN jsonb_build_object('code', 'unknown_case');
    END IF;
    PERFORM FROM ticket t WHERE t.case_id = which FOR UPDATE;
    code := holds_now(which, acting_staff(), with_fence);
    IF code IS NOT NULL THEN
        RETURN jsonb_build_object('code', code);
    END IF;
    UPDATE claim k SET lease_until = until WHERE k.case_id = which AND k.lease_until IS NOT NULL RETURNING k.lease_until INTO until;
    RETURN jsonb_build_object('code', 'done', 'case_id', which, 'fence', with_fence, 'lease_until', until);
END $$;

-- Whoever goes home gives back what they were screening.
CREATE FUNCTION end_shift() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    given int := 0;
    one uuid;
BEGIN
    FOR one IN SELECT k.case_id FROM claim k JOIN ticket t USING (case_id)
        WHERE (k.staff, k.role, k.scope) = (me.staff, me.role, me.scope) AND t.stage = 'claimed' ORDER BY k.case_id
    LOOP
        PERFORM FROM case_file c WHERE c.case_id = one FOR UPDATE;
        IF EXISTS (SELECT FROM claim k WHERE k.case_id = one AND (k.staff, k.role, k.scope) = (me.staff, me.role, me.scope)) THEN
            given := given + act_by_system(one, 'give_back', 'shift_over')::int;
        END IF;
    END LOOP;
    RETURN given;
END $$;

CREATE FUNCTION act_by_system(which uuid, act text, why text) RETURNS bool
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    was ticket;
    rule desk_transition;
BEGIN
    PERFORM FROM case_file c WHERE c.case_id = which FOR UPDATE;
    SELECT t.* INTO was FROM ticket t WHERE t.case_id = which FOR UPDATE;
    SELECT r.* INTO rule FROM desk_transition r WHERE (r.act, r.stage) = (act_by_system.act, was.stage);
    IF rule.act IS NULL OR act = 'lapse' AND NOT EXISTS (
        SELECT FROM claim k WHERE k.case_id = which AND k.lease_until <= clock_timestamp()) THEN
        RETURN false;
    END IF;
    PERFORM move_ticket(was, rule, 'system', NULL, NULL, jsonb_build_object('reason', why), 'system');
    RETURN true;
END $$;

CREATE FUNCTION lapse_claim(which uuid) RETURNS bool
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT act_by_system(which, 'lapse', 'silence') $$;
COMMENT ON FUNCTION lapse_claim IS 'False where the lease was renewed meanwhile, or the case is no longer being screened.';

-- However a claim ends, its case is not left to nobody. At the end of the transaction, so that this is told after what
-- brought it about.
CREATE FUNCTION after_claim() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM act_by_system(OLD.case_id, 'holder_gone', 'holder_gone') FROM ticket t
    WHERE t.case_id = OLD.case_id AND t.stage IN ('claimed', 'not_opening', 'accepted', 'in_service')
      AND NOT EXISTS (SELECT FROM claim k WHERE k.case_id = OLD.case_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER claim_ends AFTER DELETE ON claim DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION after_claim();

CREATE FUNCTION after_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM claim k WHERE (k.staff, k.role, k.scope) = (NEW.staff, NEW.role, NEW.scope);
    RETURN NULL;
END $$;
CREATE TRIGGER post_frees_claims AFTER UPDATE OF ended_at ON post
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION after_post();

CREATE FUNCTION done_with(which uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    found_task task;
    was ticket;
    held_by text;
BEGIN
    PERFORM FROM case_file c WHERE c.case_id = (SELECT t.case_id FROM task t WHERE t.task_id = which) FOR UPDATE;
    SELECT t.* INTO found_task FROM task t WHERE t.task_id = which FOR UPDATE;
    IF found_task.task_id IS NULL OR (seen_case(found_task.case_id)).case_id IS NULL THEN
        RETURN 'unknown_task';
    END IF;
    IF me.role = 'dispatcher' THEN
        RETURN refuse_act('acknowledge', found_task.case_id, 'not_your_work');
    END IF;
    IF found_task.kind = 'arrived_on_closed' AND me.role <> 'supervisor' THEN
        RETURN refuse_act('acknowledge', found_task.case_id, 'not_your_work');
    END IF;
    SELECT k.staff INTO held_by FROM claim k WHERE k.case_id = found_task.case_id;
    IF found_task.kind = 'raised' AND me.role <> 'supervisor' AND held_by <> me.staff THEN
        RETURN 'held_by_another';
    END IF;
    IF found_task.kind = 'co_work'
        OR is_done_by_step(found_task.kind) AND me.role <> 'supervisor' THEN
        RETURN 'needs_a_step';
    END IF;
    IF found_task.done_at IS NULL THEN
        UPDATE task t SET done_at = clock_timestamp(), done_by = me.staff,
            dropped = found_task.kind NOT IN ('raised', 'arrived_on_closed', 'co_work_refused')
        WHERE t.task_id = which;
        SELECT t.* INTO was FROM ticket t WHERE t.case_id = found_task.case_id FOR UPDATE;
        PERFORM tell_handled(was.case_id, jsonb_build_object('act', 'task_done', 'was', was.stage, 'stage', was.stage,
            'fence', was.fence, 'step', found_task.kind, 'by', me.staff, 'holder', held_by), 'desk');
    END IF;
    RETURN 'done';
END $$;
COMMENT ON FUNCTION done_with IS 'What is seen and acknowledged: a raise by its holder or a supervisor, what came for a closed case by a supervisor, unless it is opened again. What asks for a step is done by that step, and put aside by a supervisor alone; co-work by its answer.';

-- A list of this post: keyset by place, opened_at, case. Stage by stage, so that each page is read off one index as far as
-- it goes: few of many open cases stand in most stages. A priority is a range of places; held by nobody is a matter of stages.
CREATE FUNCTION tickets_of_mine(
    of_queue text, of_centre text, stages text[], of_priority text, held text,
    after_place int, after_opened timestamptz, after_case uuid, how_many int
) RETURNS SETOF ticket
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    queues text[] := ARRAY(SELECT q FROM unnest(ARRAY['protective', 'family']) AS q
        WHERE role_works_on(me.role, q) AND (of_queue IS NULL OR q = of_queue));
    ranked int := array_position(ARRAY['immediate', 'urgent', 'standard', 'routine'], of_priority);
    homes text[] := CASE
        WHEN of_centre IS NOT NULL THEN ARRAY['t.centre = $1 AND covers($2, t.centre, t.county)']
        WHEN me.scope = '*' THEN ARRAY['true']
        ELSE ARRAY['t.centre = $2', 't.county = $2'] END;
BEGIN
    stages := ARRAY(SELECT s FROM unnest(ARRAY['waiting', 'claimed', 'not_opening', 'screened', 'accepted', 'in_service',
            'with_supervisor', 'disputed']) AS s
        WHERE (stages IS NULL OR s = ANY (stages))
          AND (held <> 'nobody' OR s NOT IN ('claimed', 'not_opening', 'accepted', 'in_service')));
    IF me.staff IS NULL OR queues = '{}' OR stages = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE (
        SELECT 'SELECT t.* FROM (' || string_agg(format(
            'SELECT t.* FROM unnest($3) AS s (stage) CROSS JOIN LATERAL ('
            ' SELECT t.* FROM ticket t WHERE %s AND t.stage = s.stage AND t.stage NOT IN (''closed'', ''merged'', ''erased'')'
            ' AND t.queue = ANY ($4) AND t.case_id <> ALL ($5) %s %s %s ORDER BY t.place, t.opened_at, t.case_id LIMIT $6) AS t',
            home,
            CASE WHEN of_priority IS NOT NULL THEN 'AND t.priority = $7 AND t.place > $8 AND t.place <= $9' END,
            CASE WHEN held = 'me' THEN 'AND t.case_id = ANY ($10)' END,
            CASE WHEN after_case IS NOT NULL THEN 'AND (t.place, t.opened_at, t.case_id) > ($11, $12, $13)' END
        ), ' UNION ALL ') || ') AS t ORDER BY t.place, t.opened_at, t.case_id LIMIT $6'
        FROM unnest(homes) AS home
    ) USING of_centre, me.scope, stages, queues, conflicts_of(me.staff), least(how_many, 500), of_priority,
        ranked * 1000000 - 500000, ranked * 1000000 + 500000, ARRAY(SELECT k.case_id FROM claim k WHERE held = 'me' AND k.staff = me.staff),
        after_place, after_opened, after_case;
END $$;

REVOKE ALL ON FUNCTION is_open_stage(text), is_done_by_step(text), place_of(text, jsonb), arm(text, text, uuid, timestamptz, timestamptz), arm_clocks(),
    after_ticket(), after_lease(), add_task(uuid, text, text), after_task(), after_met(), after_alias(), before_case(),
    after_new_case(), after_linked_back(), tell_handled(uuid, jsonb, text),
    move_ticket(ticket, desk_transition, text, text, text, jsonb, text), holds_now(uuid, text, bigint),
    why_not(ticket, desk_transition, staff_session, bigint, jsonb), is_full(text, int), act_on_case(uuid, text, bigint, jsonb),
    claim_next(text, text, jsonb), renew_claim(uuid, bigint, float), end_shift(), act_by_system(uuid, text, text),
    lapse_claim(uuid), after_claim(), after_post(), done_with(uuid),
    tickets_of_mine(text, text, text[], text, text, int, timestamptz, uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION act_on_case(uuid, text, bigint, jsonb), claim_next(text, text, jsonb), renew_claim(uuid, bigint, float),
    done_with(uuid), tickets_of_mine(text, text, text[], text, text, int, timestamptz, uuid, int), end_shift()
    TO anwang_screener, anwang_dispatcher, anwang_protective_worker, anwang_family_worker, anwang_supervisor;
GRANT EXECUTE ON FUNCTION lapse_claim(uuid) TO anwang_watch;
GRANT EXECUTE ON FUNCTION is_open_stage(text) TO anwang_watch, anwang_auditor, anwang_operate, anwang_keeper;
GRANT EXECUTE ON FUNCTION is_done_by_step(text) TO anwang_keeper;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'place_of(text, jsonb)', 'arm(text, text, uuid, timestamptz, timestamptz)', 'arm_clocks()', 'after_ticket()', 'after_lease()',
        'add_task(uuid, text, text)', 'after_task()', 'after_met()', 'after_alias()', 'before_case()', 'after_new_case()', 'after_linked_back()',
        'tell_handled(uuid, jsonb, text)', 'move_ticket(ticket, desk_transition, text, text, text, jsonb, text)',
        'holds_now(uuid, text, bigint)', 'why_not(ticket, desk_transition, staff_session, bigint, jsonb)', 'is_full(text, int)',
        'act_on_case(uuid, text, bigint, jsonb)', 'claim_next(text, text, jsonb)', 'renew_claim(uuid, bigint, float)', 'end_shift()',
        'act_by_system(uuid, text, text)', 'lapse_claim(uuid)', 'after_claim()', 'after_post()', 'done_with(uuid)',
        'tickets_of_mine(text, text, text[], text, text, int, timestamptz, uuid, int)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO anwang_keeper', name);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
