-- Who looked at what: one chain of hashes a stream, and the signed heads of the chains.
--
-- Every process and every person writes by audit_append and audit_append_many alone. access_event is read by the auditor
-- (process and role audit_reader), access_head and access_anchor are read by them; access_anchor is written by the auditor.
-- The owner of these functions needs, under row-level security: INSERT on access_event, SELECT, INSERT and UPDATE on access_head.

CREATE TABLE access_event (
    stream      text NOT NULL CHECK (length(stream) BETWEEN 1 AND 64 AND stream !~ '\s'),
    number      bigint NOT NULL CHECK (number > 0),
    at          timestamptz NOT NULL,
    kind        text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,39}$'),
    actor       text NOT NULL CHECK (actor ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    body        jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object' AND octet_length(body::text) <= 16384),
    prior_hash  bytea NOT NULL,
    hash        bytea NOT NULL,
    PRIMARY KEY (stream, number)
);
COMMENT ON TABLE access_event IS 'Reads, reveals, refusals, exports, overrides, uses of keys: ids, codes and counts, never anything personal.';

CREATE TABLE access_head (
    stream text PRIMARY KEY,
    number bigint NOT NULL,
    hash   bytea NOT NULL
);
COMMENT ON TABLE access_head IS 'The last event of each stream; its row is the lock under which the next one is added.';

CREATE TABLE access_anchor (
    anchor_no       bigint PRIMARY KEY CHECK (anchor_no > 0),
    statement       text NOT NULL,
    public_key      bytea NOT NULL,
    signature       bytea NOT NULL,
    timestamp_token bytea,
    anchored_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE access_anchor IS 'Heads of streams, signed. A copy of each lies in a file outside: who rewrites the tables cannot rewrite that.';

CREATE TRIGGER access_event_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_anchor_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_head_kept BEFORE DELETE OR TRUNCATE ON access_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE FUNCTION access_hash(
    prior_hash bytea, stream text, number bigint, at timestamptz, kind text, actor text, body jsonb
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256($1 || convert_to(string_agg(octet_length(convert_to(part, 'UTF8')) || ':' || part || ',', '' ORDER BY place), 'UTF8'))
    FROM unnest(ARRAY[
        $2, $3::text, to_char($4 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), $5, $6, $7::text
    ]) WITH ORDINALITY AS parts (part, place)
$$;
COMMENT ON FUNCTION access_hash IS 'Each part with its length before it, so that no two events have one text. domain/access.py makes the same.';

CREATE FUNCTION audit_append_many(stream text, events jsonb)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head public.access_head;
    event jsonb;
    prior bytea;
    said_at timestamptz;
BEGIN
    SELECT * INTO head FROM public.access_head h WHERE h.stream = $1 FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO public.access_head VALUES ($1, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT head FROM public.access_head h WHERE h.stream = $1 FOR UPDATE;
    END IF;
    FOR event IN SELECT e FROM jsonb_array_elements($2) AS e LOOP
        prior := head.hash;
        head.number := head.number + 1;
        said_at := clock_timestamp();
        head.hash := public.access_hash(
            prior, $1, head.number, said_at, event->>'kind', event->>'actor', event->'body');
        INSERT INTO public.access_event (stream, number, at, kind, actor, body, prior_hash, hash) VALUES
            ($1, head.number, said_at, event->>'kind', event->>'actor', event->'body', prior, head.hash);
    END LOOP;
    UPDATE public.access_head h SET number = head.number, hash = head.hash WHERE h.stream = $1;
    RETURN head.number;
END $$;
COMMENT ON FUNCTION audit_append_many IS 'Adds [{kind, actor, body}, ...] in the caller''s transaction and gives the number of the last.';

CREATE FUNCTION audit_append(stream text, kind text, actor text, body jsonb)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT public.audit_append_many($1, jsonb_build_array(jsonb_build_object('kind', $2, 'actor', $3, 'body', $4)))
$$;
COMMENT ON FUNCTION audit_append IS 'Adds one event in the caller''s transaction, which holds the stream''s head until it ends. Gives its number.';
