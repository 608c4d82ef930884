-- What is erased stays erased: no key is made again for it, whoever asks.

CREATE TABLE erasure_record (
    erasure_id uuid PRIMARY KEY,
    record     jsonb NOT NULL
);
COMMENT ON TABLE erasure_record IS 'Who erased which case, by codes and ids: as in the list of erasures and in the data database.';

CREATE TABLE erased_owner (
    owner_id   uuid PRIMARY KEY,
    number     bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    erasure_id uuid NOT NULL REFERENCES erasure_record,
    erased_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN erased_owner.number IS 'Whoever keeps keys in memory asks for the numbers after the last that it knows. Numbers are given and committed in one order, under the lock of case_key.';

CREATE FUNCTION refuse_erasure_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER erased_owner_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_owner
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erasure_change();
CREATE TRIGGER erasure_record_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erasure_change();

CREATE FUNCTION make_no_erased_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM erased_owner e WHERE e.owner_id = NEW.owner_id) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_key_not_erased BEFORE INSERT ON case_key
    FOR EACH ROW EXECUTE FUNCTION make_no_erased_key();
