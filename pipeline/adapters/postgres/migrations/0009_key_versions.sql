-- Which versions of keys are live, and under which one each value lies.

CREATE TABLE key_version (
    purpose    text NOT NULL CHECK (purpose IN ('case', 'data', 'index', 'digesting')),
    version    int NOT NULL CHECK (version > 0),
    proof      bytea,
    is_current bool NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (purpose, version),
    CHECK (NOT is_current OR retired_at IS NULL)
);
CREATE UNIQUE INDEX key_version_current ON key_version (purpose) WHERE is_current;
COMMENT ON TABLE key_version IS 'New values are put under the current version; under one that is retired nothing lies any more. proof tells a key of the ring from another.';
INSERT INTO key_version (purpose, version, is_current)
VALUES ('case', 1, true), ('data', 1, true), ('index', 1, true), ('digesting', 1, true);
SELECT put_under_guard('key_version');
GRANT SELECT ON key_version TO anwang_assess, anwang_relay, anwang_auditor, anwang_desk, anwang_operate, anwang_keeper;
-- Whoever comes first leaves the proofs; they stand.
GRANT UPDATE (proof) ON key_version TO anwang_assess, anwang_relay, anwang_auditor, anwang_desk;
GRANT INSERT, UPDATE, DELETE ON key_version TO anwang_operate;
GRANT UPDATE (is_current) ON key_version TO anwang_keeper;

-- A sealed value says under which version of its key it was sealed: 4 bytes in front of it. What lies here is of the first.
-- The owner of the tables is bound by their policies, too, where they have any: not in this transaction.
DO $$
DECLARE
    sealed_in record;
BEGIN
    FOR sealed_in IN SELECT * FROM (VALUES
        ('report_version', 'sealed = ''\x00000001''::bytea || sealed, sealed_story = ''\x00000001''::bytea || sealed_story, wrapped_key = ''\x00000001''::bytea || wrapped_key'),
        ('report_original', 'sealed = ''\x00000001''::bytea || sealed, wrapped_key = ''\x00000001''::bytea || wrapped_key'),
        ('unread_report', 'sealed = ''\x00000001''::bytea || sealed, wrapped_key = ''\x00000001''::bytea || wrapped_key'),
        ('decision', 'sealed_inputs = ''\x00000001''::bytea || sealed_inputs')
    ) AS t (name, changes) LOOP
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', sealed_in.name);
        EXECUTE format('UPDATE %I SET %s', sealed_in.name, sealed_in.changes);
        IF (SELECT relrowsecurity FROM pg_class WHERE oid = sealed_in.name::regclass) THEN
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', sealed_in.name);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION sealed_under(sealed bytea) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT get_byte(sealed, 0) << 24 | get_byte(sealed, 1) << 16 | get_byte(sealed, 2) << 8 | get_byte(sealed, 3)
$$;
COMMENT ON FUNCTION sealed_under IS 'The version of the key under which this value was sealed.';

ALTER TABLE link_key ADD COLUMN key_version int NOT NULL DEFAULT 1;
CREATE INDEX link_key_report ON link_key (report_id);
COMMENT ON INDEX link_key_report IS 'The tokens of a report, to make them anew or to destroy them.';

-- Nobody writes under a version that is retired, however long ago it looked. Retiring one waits for whoever writes.
CREATE FUNCTION require_live_version(of_purpose text, used int[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    live int[];
BEGIN
    SELECT array_agg(version) INTO live FROM (
        SELECT version FROM key_version WHERE purpose = of_purpose AND retired_at IS NULL FOR SHARE
    ) AS held;
    IF NOT used <@ live THEN
        RAISE EXCEPTION 'a % key was retired in the meantime', of_purpose USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;

REVOKE ALL ON FUNCTION require_live_version(text, int[]), sealed_under(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION require_live_version(text, int[]), sealed_under(bytea) TO anwang_assess, anwang_desk, anwang_operate;
GRANT CREATE ON SCHEMA public TO anwang_keeper;
COMMENT ON FUNCTION require_live_version IS 'Holds the versions until the transaction ends, so that none is retired while something is written under it.';
ALTER FUNCTION require_live_version(text, int[]) OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;

CREATE FUNCTION require_live_case_keys() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    used int[];
BEGIN
    SELECT array_agg(DISTINCT sealed_under(wrapped_key)) INTO used FROM written;
    IF used IS NOT NULL THEN
        PERFORM require_live_version('case', used);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION require_live_index_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    used int[];
BEGIN
    SELECT array_agg(DISTINCT key_version) INTO used FROM written;
    IF used IS NOT NULL THEN
        PERFORM require_live_version('index', used);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER report_version_keyed AFTER INSERT ON report_version REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER report_version_keyed_anew AFTER UPDATE ON report_version REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER report_original_keyed AFTER INSERT ON report_original REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER report_original_keyed_anew AFTER UPDATE ON report_original REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER unread_report_keyed AFTER INSERT ON unread_report REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_case_keys();
CREATE TRIGGER link_key_keyed AFTER INSERT ON link_key REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION require_live_index_key();
