-- The roles of the server that everything here is granted to; run by whoever may make roles, as often as one likes.
-- None of them can log in. A process takes one of the first lines when it connects; a person's role is taken for one
-- transaction, by acting_as. anwang_keeper owns the functions and views that look further than who calls them may.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'anwang_assess', 'anwang_relay', 'anwang_auditor', 'anwang_intake', 'anwang_feeds', 'anwang_desk', 'anwang_operate',
        'anwang_watch', 'anwang_people', 'anwang_keeper',
        'anwang_screener', 'anwang_dispatcher', 'anwang_protective_worker', 'anwang_family_worker', 'anwang_supervisor',
        'anwang_policy_owner', 'anwang_analyst', 'anwang_operator', 'anwang_audit_reader'
    ] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this server was made ready at the same moment
        END;
    END LOOP;
END $$;
