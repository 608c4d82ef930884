-- Cases of which nothing personal may be opened any more: proposed by one person, approved by another, done step by step.
--
-- Cases are erased by the command line (operate) alone; every process looks at its start whether a restore has brought one
-- back.

ALTER TABLE case_file DROP CONSTRAINT case_file_state_check;
ALTER TABLE case_file ADD CONSTRAINT case_file_state_check
    CHECK (state IN ('waiting', 'claimed', 'closed', 'merged', 'erased'));

CREATE TABLE erasure (
    erasure_id  uuid PRIMARY KEY,
    case_id     uuid NOT NULL,
    reason      text NOT NULL,
    state       text NOT NULL CHECK (state IN ('proposed', 'refused', 'begun', 'done')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    answered_by text,
    answered_at timestamptz,
    record      jsonb,
    keys_gone_at timestamptz,
    listed_at   timestamptz,
    done_at     timestamptz,
    CHECK ((state = 'proposed') = (answered_by IS NULL) AND (state = 'proposed') = (answered_at IS NULL)),
    CHECK (state = 'refused' OR lower(answered_by) <> lower(proposed_by)),
    CHECK ((state IN ('begun', 'done')) = (record IS NOT NULL)),
    CHECK ((state = 'done') = (done_at IS NOT NULL)),
    CHECK (state <> 'done' OR (keys_gone_at IS NOT NULL AND listed_at IS NOT NULL))
);
COMMENT ON TABLE erasure IS 'Two people, by staff codes. Begun, it goes on until it is done, whatever is killed meanwhile. No reference to case_file: a restored database may not know the case yet.';
CREATE UNIQUE INDEX erasure_of_case ON erasure (case_id) WHERE state IN ('proposed', 'begun');
CREATE INDEX erasure_case ON erasure (case_id);
CREATE TRIGGER erasure_kept BEFORE DELETE OR TRUNCATE ON erasure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE TABLE erased_event (
    event_key uuid NOT NULL,
    digest    bytea NOT NULL,
    PRIMARY KEY (event_key, digest)
);
COMMENT ON TABLE erased_event IS 'Keyed digests of the messages of erased cases: by them a redelivery is known when nothing can be opened.';
CREATE TRIGGER erased_event_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE past_home (
    event_key uuid NOT NULL,
    case_id   uuid NOT NULL,
    left_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_key, case_id)
);
COMMENT ON TABLE past_home IS 'The cases under whose keys a version lay before: an older backup still holds it so.';

GRANT SELECT ON erasure TO anwang_assess, anwang_relay, anwang_auditor, anwang_desk;
GRANT SELECT ON erased_event TO anwang_assess, anwang_desk;
GRANT SELECT, INSERT ON past_home TO anwang_assess, anwang_desk;
GRANT SELECT, INSERT, UPDATE, DELETE ON erasure, erased_event, past_home TO anwang_operate;
SELECT put_under_guard('erasure'), put_under_guard('erased_event'), put_under_guard('past_home');
