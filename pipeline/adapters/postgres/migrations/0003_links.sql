-- What is known of pairs of reports, and what people decided of them.

CREATE TABLE link_edge (
    report_a        uuid NOT NULL REFERENCES report,
    report_b        uuid NOT NULL REFERENCES report,
    household       float8 NOT NULL CHECK (household BETWEEN 0 AND 1),
    incident        float8 NOT NULL CHECK (incident BETWEEN 0 AND household),
    reasons         jsonb NOT NULL,
    weights_version text NOT NULL,
    compared_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (report_a, report_b),
    CHECK (report_a < report_b)
);
CREATE INDEX link_edge_other ON link_edge (report_b);
COMMENT ON TABLE link_edge IS 'Probabilities that two reports tell of one household and of one incident. Reasons name fields and how they agree, never what they say.';

CREATE TABLE ruling (
    ruling_id   uuid PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('confirm', 'part', 'split', 'merge')),
    scope       text NOT NULL CHECK (scope IN ('household', 'incident')),
    reports     uuid[] NOT NULL,
    ruled_by    text NOT NULL,
    seconded_by text CHECK (seconded_by <> ruled_by),
    ruled_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ruling IS 'What people decided of links, by staff codes; a ruling that comes again changes nothing.';

CREATE TABLE link_tie (
    report_a   uuid NOT NULL REFERENCES report,
    report_b   uuid NOT NULL REFERENCES report,
    scope      text NOT NULL CHECK (scope IN ('household', 'incident')),
    together   bool NOT NULL,
    ruling_id  uuid NOT NULL REFERENCES ruling,
    PRIMARY KEY (report_a, report_b, scope),
    CHECK (report_a < report_b)
);
CREATE INDEX link_tie_other ON link_tie (report_b);

CREATE TRIGGER ruling_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ruling
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE INDEX report_version_event ON report_version (event_id);
COMMENT ON INDEX report_version_event IS 'People name reports by the ids of their events.';

CREATE INDEX link_review_open ON link_review (asked_at) WHERE answered_at IS NULL;
CREATE INDEX link_review_other ON link_review (other_report_id);

-- What exact keys had joined stays joined.
INSERT INTO link_edge (report_a, report_b, household, incident, reasons, weights_version)
SELECT a.report_id, b.report_id, 0.99, CASE WHEN a.incident_id = b.incident_id THEN 0.99 ELSE 0 END, '[]', 'exact-keys'
FROM report a JOIN incident i ON i.incident_id = a.incident_id
JOIN incident j ON j.case_id = i.case_id JOIN report b ON b.incident_id = j.incident_id
WHERE a.report_id < b.report_id;
