-- Reports that were told by telephone, fax, letter or at the counter, with who took them down; and what a source learns of
-- its own reports.
--
-- told_report is written by the functions here alone, for whoever has taken a report down.

CREATE TABLE told_report (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    told_id     uuid NOT NULL UNIQUE,
    event_key   uuid NOT NULL UNIQUE,
    source      text NOT NULL REFERENCES source,
    centre      text NOT NULL,
    county      text,
    how         text NOT NULL CHECK (how IN ('phone', 'fax', 'letter', 'in_person')),
    received_at timestamptz NOT NULL,
    entered_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    taken_by    text NOT NULL REFERENCES staff,
    handed_at   timestamptz,
    asked       bytea NOT NULL
);
COMMENT ON COLUMN told_report.asked IS 'A keyed digest of what was told: another report under the same id is not the same.';
CREATE INDEX told_report_centre ON told_report (centre, number);
COMMENT ON TABLE told_report IS 'The control record of each report that came by voice or on paper; what it told lies sealed with its case.';
COMMENT ON COLUMN told_report.handed_at IS 'When the broker had it; until then it is not in, and is to be sent again.';

SELECT put_under_guard('told_report');
GRANT SELECT, INSERT, UPDATE, DELETE ON told_report TO anwang_operate;
GRANT SELECT, INSERT, UPDATE ON told_report TO anwang_keeper;
GRANT SELECT ON source, inbox, past_home TO anwang_keeper;

-- The source of a centre's own desk is called desk-<centre>; who may enter for it is a matter of the post.
CREATE FUNCTION note_told_report(which uuid, event uuid, of_centre text, in_what_way text, at timestamptz, digest bytea) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    desk source;
    known told_report;
BEGIN
    IF me.staff IS NULL OR me.role NOT IN ('screener', 'supervisor') THEN
        RETURN jsonb_build_object('code', refuse_act('tell_report', NULL, 'not_your_work'));
    END IF;
    SELECT s.* INTO desk FROM source s WHERE s.code = 'desk-' || of_centre AND s.kind = 'desk' AND s.revoked_at IS NULL;
    IF desk.code IS NULL OR NOT covers(me.scope, of_centre, desk.county) THEN
        RETURN jsonb_build_object('code', refuse_act('tell_report', NULL, 'no_desk_source'));
    END IF;
    INSERT INTO told_report (told_id, event_key, source, centre, county, how, received_at, taken_by, asked)
    VALUES (which, event, desk.code, of_centre, desk.county, in_what_way, at, me.staff, digest)
    ON CONFLICT DO NOTHING RETURNING * INTO known;
    IF known.told_id IS NOT NULL THEN
        PERFORM told('report_told', NULL, jsonb_build_object('told_id', which, 'centre', of_centre, 'how', in_what_way,
            'received_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
    ELSE
        SELECT t.* INTO known FROM told_report t WHERE t.told_id = which;
        IF (known.centre, known.how, known.received_at, known.taken_by, known.asked)
            IS DISTINCT FROM (of_centre, in_what_way, at, me.staff, digest) THEN
            RETURN jsonb_build_object('code', 'key_reused');
        END IF;
    END IF;
    RETURN jsonb_build_object('code', 'done', 'entered_at', known.entered_at);
END $$;
COMMENT ON FUNCTION note_told_report IS 'Before the report is handed over. Said again it is the same record, with the time of the first.';

CREATE FUNCTION told_report_handed(which uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE told_report t SET handed_at = clock_timestamp()
    WHERE t.told_id = which AND t.taken_by = acting_staff() AND t.handed_at IS NULL
$$;

CREATE FUNCTION told_reports_of_mine(which uuid, before bigint, how_many int) RETURNS TABLE (
    number bigint, told_id uuid, centre text, how text, received_at timestamptz, entered_at timestamptz, taken_by text,
    state text, case_id uuid
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me staff_session := session_of('anwang.session');
    not_mine uuid[];
BEGIN
    IF me.staff IS NULL OR me.role NOT IN ('screener', 'supervisor') THEN
        RETURN;
    END IF;
    not_mine := conflicts_of(me.staff);
    RETURN QUERY
    SELECT t.number, t.told_id, t.centre, t.how, t.received_at, t.entered_at, t.taken_by,
        CASE WHEN x.settled THEN 'settled' WHEN x.unread THEN 'with_a_person'
            WHEN t.handed_at IS NULL THEN 'not_handed_over' ELSE 'received' END,
        CASE WHEN is_open_to_me(i.case_id) THEN i.case_id END
    FROM told_report t
    LEFT JOIN report_version v ON v.event_key = t.event_key
    LEFT JOIN report r ON r.report_id = v.report_id
    LEFT JOIN incident i ON i.incident_id = r.incident_id
    CROSS JOIN LATERAL (SELECT coalesce(bool_or(b.event_key IS NOT NULL), false) AS settled,
        coalesce(bool_or(b.unread_id IS NOT NULL), false) AS unread FROM inbox b WHERE b.receipt_key = t.event_key) AS x
    WHERE covers(me.scope, t.centre, t.county) AND (which IS NULL OR t.told_id = which) AND (before IS NULL OR t.number < before)
      AND (i.case_id IS NULL OR i.case_id <> ALL (not_mine))
    ORDER BY t.number DESC LIMIT least(how_many, 500);
END $$;
COMMENT ON FUNCTION told_reports_of_mine IS 'The newest first. One whose case may not be there for this person is not there either.';

-- What a source learns of its own report: the state alone, and nothing from which it could tell whether others had told of
-- the same before it. A report that joins a case in hand is in hand from its arrival; whatever it is, that is told a day
-- after it came, when the law wants every report to be in hand, and an end a month after, so that a first report and a
-- later one look alike. A case that was never opened has been in hand, too: what came of it is not told.
CREATE FUNCTION receipt_state(which uuid, sees text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    came timestamptz;
    settled bool;
    is_unread bool;
    in_hand bool;
    has_ended bool;
BEGIN
    SELECT min(b.arrived_at), coalesce(bool_or(b.event_key IS NOT NULL), false), coalesce(bool_or(b.unread_id IS NOT NULL), false)
    INTO came, settled, is_unread FROM inbox b WHERE b.receipt_key = which;
    IF NOT settled THEN
        RETURN CASE WHEN is_unread THEN 'with_a_person' ELSE 'received' END;
    END IF;
    IF sees NOT IN ('taken_over', 'closed') OR came > clock_timestamp() - interval '24 hours' THEN
        RETURN CASE WHEN sees = 'received' THEN 'received' ELSE 'settled' END;
    END IF;
    WITH homes AS (
        SELECT i.case_id, 'infinity'::timestamptz AS left_at
        FROM report_version v JOIN report r USING (report_id) JOIN incident i USING (incident_id) WHERE v.event_key = which
        UNION ALL SELECT p.case_id, p.left_at FROM past_home p WHERE p.event_key = which
    ), acts AS (
        SELECT e.case_id, e.version, e.recorded_at, convert_from(e.body, 'UTF8')::jsonb -> 'handled' AS handled
        FROM homes h JOIN case_event e ON e.case_id = h.case_id AND e.recorded_at < h.left_at
        WHERE e.kind = 'case.handled.v1'
    )
    SELECT EXISTS (SELECT FROM acts a WHERE a.recorded_at >= came AND a.handled ->> 'by' IS NOT NULL)
        OR EXISTS (SELECT FROM homes h, LATERAL (SELECT a.handled ->> 'stage' AS stage FROM acts a
            WHERE a.case_id = h.case_id AND a.recorded_at < came ORDER BY a.version DESC LIMIT 1) AS last
            WHERE last.stage NOT IN ('waiting', 'closed'))
        OR EXISTS (SELECT FROM homes h JOIN task t ON t.case_id = h.case_id AND t.done_at >= came),
        EXISTS (SELECT FROM acts a WHERE a.recorded_at >= came AND a.handled ->> 'stage' = 'closed')
    INTO in_hand, has_ended;
    RETURN CASE
        WHEN sees = 'closed' AND has_ended AND came <= clock_timestamp() - interval '30 days' THEN 'closed'
        WHEN in_hand OR has_ended THEN 'taken_over'
        ELSE 'settled' END;
END $$;
COMMENT ON FUNCTION receipt_state IS 'sees: received, settled, taken_over or closed: how far the source may see.';

-- How many reports of a source were accepted and taken over, by the month in Taiwan in which they came.
CREATE INDEX report_source ON report (source);

CREATE FUNCTION source_counts(of_source text) RETURNS TABLE (source text, month date, accepted bigint, taken_over bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.source, date_trunc('month', came.at AT TIME ZONE 'Asia/Taipei')::date, count(*),
        count(*) FILTER (WHERE t.stage <> 'waiting' OR t.returns > 0 OR t.screening IS NOT NULL)
    FROM report r
    JOIN LATERAL (SELECT min(v.arrived_at) AS at FROM report_version v WHERE v.report_id = r.report_id) AS came ON true
    JOIN incident i ON i.incident_id = r.incident_id JOIN ticket t ON t.case_id = i.case_id
    WHERE of_source IS NULL OR r.source = of_source
    GROUP BY 1, 2 ORDER BY 1, 2
$$;
COMMENT ON FUNCTION source_counts IS 'Of one source, or of all. For those inside: its cells may be small.';

-- For the source itself: the last twelve months that are over for a day at least; in steps of five, and none of fewer.
CREATE FUNCTION own_counts(of_source text) RETURNS TABLE (month date, accepted bigint, taken_over bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.month, c.accepted, CASE WHEN c.taken_over >= 5 THEN c.taken_over / 5 * 5 END FROM source_counts(of_source) AS c
    WHERE of_source IS NOT NULL
      AND c.month + interval '1 month' <= (clock_timestamp() AT TIME ZONE 'Asia/Taipei') - interval '1 day'
      AND c.month >= date_trunc('month', clock_timestamp() AT TIME ZONE 'Asia/Taipei') - interval '12 months'
$$;

REVOKE ALL ON FUNCTION note_told_report(uuid, uuid, text, text, timestamptz, bytea), told_report_handed(uuid),
    told_reports_of_mine(uuid, bigint, int), receipt_state(uuid, text), source_counts(text), own_counts(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_told_report(uuid, uuid, text, text, timestamptz, bytea), told_report_handed(uuid),
    told_reports_of_mine(uuid, bigint, int) TO anwang_screener, anwang_supervisor;
GRANT EXECUTE ON FUNCTION receipt_state(uuid, text), own_counts(text) TO anwang_intake;
GRANT EXECUTE ON FUNCTION source_counts(text) TO anwang_operate;
REVOKE SELECT ON inbox FROM anwang_intake;

GRANT CREATE ON SCHEMA public TO anwang_keeper;
ALTER FUNCTION note_told_report(uuid, uuid, text, text, timestamptz, bytea) OWNER TO anwang_keeper;
ALTER FUNCTION told_report_handed(uuid) OWNER TO anwang_keeper;
ALTER FUNCTION told_reports_of_mine(uuid, bigint, int) OWNER TO anwang_keeper;
ALTER FUNCTION receipt_state(uuid, text) OWNER TO anwang_keeper;
ALTER FUNCTION source_counts(text) OWNER TO anwang_keeper;
ALTER FUNCTION own_counts(text) OWNER TO anwang_keeper;
REVOKE CREATE ON SCHEMA public FROM anwang_keeper;
