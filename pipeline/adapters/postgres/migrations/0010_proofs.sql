-- By what a source is believed beside its token, and which quarantined reports two people believe after all.
--
-- source_key and source_certificate are read by assess and intake (as source is), by the desk and the command line;
-- the command line alone writes them. unread_release is written by the command line (operate) and by assess, which
-- notes what a release became; the auditor and the command line read it.

ALTER TABLE source ADD COLUMN signature_due bool NOT NULL DEFAULT false;
ALTER TABLE source ADD COLUMN certificate_due bool NOT NULL DEFAULT false;
COMMENT ON COLUMN source.signature_due IS 'What it sends without a signature of its own is not believed.';
COMMENT ON COLUMN source.certificate_due IS 'Its token opens nothing without one of its certificates.';

CREATE TABLE source_key (
    source     text NOT NULL REFERENCES source,
    kid        text NOT NULL CHECK (kid ~ '^[A-Za-z0-9_-][A-Za-z0-9._~:-]{0,127}$'),
    jwk        jsonb NOT NULL CHECK (NOT jwk ? 'd'),
    thumbprint text NOT NULL UNIQUE,
    added_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    changed_no bigint NOT NULL,
    PRIMARY KEY (source, kid)
);
CREATE INDEX source_key_changed ON source_key (changed_no);
COMMENT ON TABLE source_key IS 'Public keys by which sources sign. A key belongs to one source for ever: revoked, it is nobody else''s.';
CREATE TRIGGER source_key_kept BEFORE DELETE OR TRUNCATE ON source_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE TABLE source_certificate (
    fingerprint bytea PRIMARY KEY CHECK (octet_length(fingerprint) = 32),
    source      text NOT NULL REFERENCES source,
    added_at    timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz,
    changed_no  bigint NOT NULL
);
CREATE INDEX source_certificate_changed ON source_certificate (changed_no);
COMMENT ON TABLE source_certificate IS 'SHA-256 of the SubjectPublicKeyInfo of client certificates; each is one source''s for ever.';
CREATE TRIGGER source_certificate_kept BEFORE DELETE OR TRUNCATE ON source_certificate
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE TABLE unread_release (
    unread_id    uuid PRIMARY KEY REFERENCES unread_report,
    digest       bytea NOT NULL,
    code         text NOT NULL,
    released_by  text NOT NULL,
    seconded_by  text NOT NULL,
    released_at  timestamptz NOT NULL DEFAULT now(),
    received_at  timestamptz NOT NULL,
    sent_at      timestamptz,
    settled_at   timestamptz,
    event_key    uuid,
    CHECK (lower(released_by) <> lower(seconded_by)),
    CHECK ((settled_at IS NULL) = (event_key IS NULL))
);
CREATE INDEX unread_release_digest ON unread_release (digest);
COMMENT ON TABLE unread_release IS
    'Two people believe a quarantined report after all: from then on its bytes are believed, as of when they first came in.';
CREATE TRIGGER unread_release_kept BEFORE DELETE OR TRUNCATE ON unread_release
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

SELECT put_under_guard('source_key'), put_under_guard('source_certificate'), put_under_guard('unread_release');
GRANT SELECT ON source_key, source_certificate TO anwang_intake, anwang_feeds, anwang_assess, anwang_desk;
GRANT SELECT, INSERT, UPDATE ON source_key, source_certificate, unread_release TO anwang_operate;
GRANT SELECT, UPDATE ON unread_release TO anwang_assess;
