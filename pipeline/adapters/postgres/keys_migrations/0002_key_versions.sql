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
