-- Processes that open reports read keys and make new ones. Only commands of an operator replace or destroy them; the owner
-- of the tables reads none.
DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'schema_migration'
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY processes ON %s TO anwang_assess, anwang_desk, anwang_operate USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT ON %s TO anwang_assess, anwang_desk', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO anwang_operate', name);
    END LOOP;
END $$;
GRANT INSERT ON case_key TO anwang_assess, anwang_desk;
GRANT UPDATE (proof) ON wrapping_version TO anwang_assess, anwang_desk;
GRANT SELECT ON schema_migration TO anwang_assess, anwang_desk, anwang_operate;
