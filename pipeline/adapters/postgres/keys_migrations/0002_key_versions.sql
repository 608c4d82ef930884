-- Keys in versions, so that each can be replaced while all runs.
-- Read by: assess, desk, operate. Written by: assess, desk (case_key, and wrapping_version.proof once), operate.

CREATE TABLE wrapping_version (
    version    int PRIMARY KEY,
    proof      bytea,
    is_current bool NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    CHECK (NOT is_current OR retired_at IS NULL)
);
CREATE UNIQUE INDEX wrapping_version_current ON wrapping_version ((true)) WHERE is_current;
COMMENT ON TABLE wrapping_version IS 'Versions of the key that wraps case keys. proof is a constant wrapped under it: whoever holds another key is refused.';
INSERT INTO wrapping_version (version, is_current) VALUES (1, true);

-- A sealed value says under which version of its key it was sealed: 4 bytes in front of it. What lies here is of the first.
UPDATE case_key SET wrapped = '\x00000001'::bytea || wrapped;

ALTER TABLE case_key ADD COLUMN generation int NOT NULL DEFAULT 1;
ALTER TABLE case_key DROP CONSTRAINT case_key_pkey;
ALTER TABLE case_key ADD PRIMARY KEY (owner_id, purpose, generation);
ALTER TABLE case_key ADD FOREIGN KEY (key_version) REFERENCES wrapping_version;
CREATE INDEX case_key_version ON case_key (key_version);
COMMENT ON COLUMN case_key.key_version IS 'Of the key that wraps it.';
COMMENT ON COLUMN case_key.generation IS 'Of the case key itself: while it is being replaced, the old and the new one are here.';

-- Nobody wraps under a version that is retired, however long ago it looked. Retiring one waits for whoever writes.
CREATE FUNCTION require_live_wrapping() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    live int[];
BEGIN
    SELECT array_agg(version) INTO live FROM (
        SELECT version FROM wrapping_version WHERE retired_at IS NULL FOR SHARE
    ) AS held;
    IF EXISTS (SELECT FROM written WHERE key_version <> ALL (live)) THEN
        RAISE EXCEPTION 'a wrapping key was retired in the meantime' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER case_key_wrapped AFTER INSERT ON case_key REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_wrapping();
