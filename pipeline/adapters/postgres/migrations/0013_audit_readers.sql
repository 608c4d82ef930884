-- Whoever reads the audit is told of in it, in the same transaction.

CREATE FUNCTION tell_audit_read(said jsonb) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT audit_append('audit', 'audit_read', acting_staff(), said)
$$;
REVOKE ALL ON FUNCTION tell_audit_read(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tell_audit_read(jsonb) TO anwang_audit_reader;
GRANT CREATE ON SCHEMA public TO anwang_keeper;
ALTER FUNCTION tell_audit_read(jsonb) OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
