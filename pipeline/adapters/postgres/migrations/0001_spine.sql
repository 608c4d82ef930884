-- The ledger: one cursor a partition, one inbox row a message.

CREATE TABLE history (
    number      int PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT now(),
    only_row    bool NOT NULL DEFAULT true UNIQUE CHECK (only_row)
);
COMMENT ON TABLE history IS 'A restore from a backup raises the number; outgoing records carry it.';
INSERT INTO history (number) VALUES (1);

CREATE TABLE key_check (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    proof    bytea NOT NULL
);
COMMENT ON TABLE key_check IS 'A keyed digest of a constant: a process with a wrong key is refused at start.';

CREATE TABLE stream_cursor (
    topic         text NOT NULL,
    partition     int NOT NULL,
    first_offset  bigint NOT NULL,
    next_offset   bigint NOT NULL,
    epoch         bigint NOT NULL,
    owner         text NOT NULL,
    moved_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition),
    CHECK (first_offset <= next_offset)
);

CREATE TABLE stream_hole (
    topic       text NOT NULL,
    partition   int NOT NULL,
    from_offset bigint NOT NULL,
    to_offset   bigint NOT NULL,
    found_by    text NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, from_offset),
    CHECK (from_offset < to_offset)
);
COMMENT ON TABLE stream_hole IS 'Offsets [from, to) that hold no message for any reader: transaction markers, aborted or compacted records.';

CREATE TABLE inbox (
    topic             text NOT NULL,
    partition         int NOT NULL,
    kafka_offset      bigint NOT NULL,
    digest            bytea NOT NULL,
    outcome           text NOT NULL CHECK (outcome IN
                          ('case', 'duplicate', 'amendment', 'redelivery', 'dead_letter', 'quarantine')),
    event_key         uuid,
    unread_id         uuid,
    arrived_at        timestamptz NOT NULL,
    settled_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, kafka_offset),
    CHECK ((event_key IS NULL) = (outcome IN ('dead_letter', 'quarantine'))),
    CHECK ((unread_id IS NOT NULL) = (outcome IN ('dead_letter', 'quarantine')))
);
CREATE INDEX inbox_outcome ON inbox (outcome);

CREATE TABLE attempt (
    topic        text NOT NULL,
    partition    int NOT NULL,
    first_offset bigint NOT NULL,
    last_offset  bigint NOT NULL,
    worker       text NOT NULL,
    deaths       int NOT NULL DEFAULT 0,
    begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, partition, first_offset)
);
COMMENT ON TABLE attempt IS 'Written before a batch is taken up, removed with its settlement: what is left tells of a worker that died over it.';

CREATE TABLE unread_report (
    unread_id      uuid PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('dead_letter', 'quarantine')),
    code           text NOT NULL,
    topic          text NOT NULL,
    partition      int NOT NULL,
    kafka_offset   bigint NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    times_seen     int NOT NULL DEFAULT 1,
    sealed         bytea NOT NULL,
    wrapped_key    bytea NOT NULL,
    read_at        timestamptz,
    read_by        text
);
CREATE INDEX unread_report_open ON unread_report (due_at) WHERE read_at IS NULL;
COMMENT ON TABLE unread_report IS 'What could not be read or may not be believed waits here for a person, one hour at most; never deleted.';

-- Cases, incidents, reports and their versions.

CREATE TABLE case_file (
    case_id        uuid PRIMARY KEY,
    household_id   uuid NOT NULL,
    version        int NOT NULL,
    state          text NOT NULL CHECK (state IN ('waiting', 'claimed', 'closed', 'merged')),
    linked_case_id uuid REFERENCES case_file,
    queue          text NOT NULL,
    priority       text NOT NULL,
    county         text,
    centre         text NOT NULL,
    standing       jsonb NOT NULL,
    routing        jsonb NOT NULL,
    head_hash      bytea NOT NULL,
    opened_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE case_alias (
    alias_id    uuid PRIMARY KEY REFERENCES case_file,
    case_id     uuid NOT NULL REFERENCES case_file,
    joined_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (alias_id <> case_id)
);
CREATE INDEX case_alias_case ON case_alias (case_id);

CREATE TABLE incident (
    incident_id uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES case_file
);
CREATE INDEX incident_case ON incident (case_id);

CREATE TABLE clock (
    incident_id uuid NOT NULL REFERENCES incident,
    name        text NOT NULL,
    due_at      timestamptz NOT NULL,
    PRIMARY KEY (incident_id, name)
);

CREATE TABLE report (
    report_id   uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incident,
    source      text NOT NULL,
    arrival_no  bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX report_incident ON report (incident_id);

CREATE TABLE report_version (
    event_key    uuid PRIMARY KEY,
    event_id     text NOT NULL,
    report_id    uuid NOT NULL REFERENCES report,
    source       text NOT NULL,
    arrived_at   timestamptz NOT NULL,
    faults       jsonb NOT NULL,
    sealed       bytea NOT NULL,
    wrapped_key  bytea NOT NULL
);
CREATE INDEX report_version_report ON report_version (report_id);
COMMENT ON COLUMN report_version.event_id IS 'The id as sent where it can hold nothing personal, else the derived event_key.';

CREATE TABLE report_original (
    event_key    uuid PRIMARY KEY REFERENCES report_version,
    sealed       bytea NOT NULL,
    wrapped_key  bytea NOT NULL
);
COMMENT ON TABLE report_original IS 'The message as it came, with the reporter: its own table, key and permission.';

CREATE TABLE link_key (
    token      bytea NOT NULL,
    report_id  uuid NOT NULL REFERENCES report,
    source     text NOT NULL,
    added_no   bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (token, added_no)
);
COMMENT ON TABLE link_key IS 'Blind index: keyed digests by which reports find each other.';

CREATE TABLE link_review (
    report_id        uuid NOT NULL REFERENCES report,
    other_report_id  uuid NOT NULL REFERENCES report,
    reasons          jsonb NOT NULL,
    asked_at         timestamptz NOT NULL DEFAULT now(),
    answered_at      timestamptz,
    PRIMARY KEY (report_id, other_report_id)
);
COMMENT ON TABLE link_review IS 'Pairs of reports that a person should look at; neither waits for it.';

CREATE TABLE decision (
    event_key      uuid PRIMARY KEY REFERENCES report_version,
    case_id        uuid NOT NULL REFERENCES case_file,
    incident_id    uuid NOT NULL REFERENCES incident,
    outcome        text NOT NULL,
    link_class     text NOT NULL,
    link_reasons   jsonb NOT NULL,
    policy_version text NOT NULL,
    decision       jsonb NOT NULL,
    sealed_inputs  bytea NOT NULL,
    decided_at     timestamptz NOT NULL DEFAULT now()
);

-- What happened, in order, and what the world is told of it.

CREATE TABLE case_event (
    case_id      uuid NOT NULL REFERENCES case_file,
    version      int NOT NULL,
    kind         text NOT NULL,
    body         bytea NOT NULL,
    prior_hash   bytea NOT NULL,
    hash         bytea NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER case_event_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inbox_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inbox
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER unread_report_kept BEFORE DELETE OR TRUNCATE ON unread_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE TABLE outbox (
    outbox_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id          uuid NOT NULL UNIQUE,
    topic               text NOT NULL,
    case_id             uuid,
    case_version        int,
    event_id            text,
    message_key         bytea NOT NULL,
    message             bytea NOT NULL,
    written_at          timestamptz NOT NULL DEFAULT now(),
    published_partition int,
    published_offset    bigint,
    CHECK ((published_partition IS NULL) = (published_offset IS NULL))
);
CREATE INDEX outbox_waiting ON outbox (outbox_id) WHERE published_offset IS NULL;
CREATE INDEX outbox_event ON outbox (event_id);
CREATE UNIQUE INDEX outbox_place ON outbox (topic, published_partition, published_offset) WHERE published_offset IS NOT NULL;

CREATE TABLE relay_lease (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    bigint NOT NULL,
    owner    text NOT NULL,
    beat_at  timestamptz NOT NULL
);
INSERT INTO relay_lease (epoch, owner, beat_at) VALUES (0, '', '-infinity');

CREATE TABLE relay_mark (
    topic       text NOT NULL,
    partition   int NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE relay_mark IS 'Up to here the outgoing topics are known to hold what the outbox says; a new relay reads on from here first.';

-- The auditor's own book.

CREATE TABLE audit_mark (
    book        text NOT NULL,
    topic       text NOT NULL,
    partition   int NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (book, topic, partition)
);

CREATE TABLE alarm (
    alarm_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL,
    subject     text NOT NULL,
    raised_by   text NOT NULL,
    raised_at   timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    settled_by  text,
    UNIQUE (code, subject)
);
CREATE INDEX alarm_open ON alarm (code) WHERE settled_at IS NULL;
COMMENT ON TABLE alarm IS 'Something a person must look at; it rings until it is settled. The subject is a coordinate or an id, never a person.';
