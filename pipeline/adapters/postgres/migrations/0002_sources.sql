-- Who may report: sources enrolled by command, and what they show at the door.

CREATE TABLE register_version (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    number   bigint NOT NULL
);
COMMENT ON TABLE register_version IS 'Every change of sources or credentials raises it first, so that changes commit in the order of their numbers.';
INSERT INTO register_version (number) VALUES (0);

CREATE TABLE source (
    code        text PRIMARY KEY,
    kind        text NOT NULL,
    role        text NOT NULL,
    county      text,
    name        text,
    own_topic   bool NOT NULL,
    enrolled_at timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz,
    changed_no  bigint NOT NULL
);
CREATE INDEX source_changed ON source (changed_no);
COMMENT ON TABLE source IS 'Stands beside and above the file of sources. Never deleted: what came before a revocation stays explained.';
CREATE TRIGGER source_kept BEFORE DELETE OR TRUNCATE ON source
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE TABLE credential (
    digest     bytea PRIMARY KEY,
    source     text NOT NULL REFERENCES source,
    purpose    text NOT NULL CHECK (purpose IN ('token', 'form', 'enrolment')),
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    changed_no bigint NOT NULL
);
CREATE INDEX credential_source ON credential (source);
CREATE INDEX credential_changed ON credential (changed_no);
COMMENT ON TABLE credential IS 'SHA-256 of 256 random bits. One that is spent, replaced or revoked ends by its expires_at; none has no end.';

ALTER TABLE inbox ADD COLUMN receipt_key uuid;
CREATE INDEX inbox_receipt ON inbox (receipt_key) WHERE receipt_key IS NOT NULL;
COMMENT ON COLUMN inbox.receipt_key IS 'Of a report that came by HTTP: by it the source is told what became of its report.';

CREATE TABLE spool (
    gateway   text PRIMARY KEY,
    waiting   bigint NOT NULL,
    oldest_at timestamptz,
    told_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE spool IS 'What each gateway holds on its disk while the broker is away, as it last told.';
