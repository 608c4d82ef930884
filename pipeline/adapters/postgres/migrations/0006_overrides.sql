-- Where people put cases against their reports, and the rows of the policy that they overrode.

ALTER TABLE decision
    ADD COLUMN queue_rule text,
    ADD COLUMN priority_rule text,
    ADD COLUMN child_grade_rule text;
COMMENT ON COLUMN decision.queue_rule IS 'The row of the policy that put the case in its queue; none where it stood there from before.';

CREATE TABLE override (
    override_id    uuid PRIMARY KEY,
    case_id        uuid NOT NULL REFERENCES case_file,
    case_version   int NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('raise', 'lower')),
    reason         text NOT NULL,
    said_by        text NOT NULL,
    seconded_by    text CHECK (lower(seconded_by) <> lower(said_by)),
    policy_version text,
    said_at        timestamptz NOT NULL DEFAULT now(),
    CHECK (kind = 'raise' OR seconded_by IS NOT NULL)
);
CREATE INDEX override_said ON override (said_at);
COMMENT ON TABLE override IS 'Raised by one person, lowered by two, by staff codes. policy_version is that of the rows that were overridden.';

CREATE TABLE override_part (
    override_id uuid NOT NULL REFERENCES override,
    part        text NOT NULL CHECK (part IN ('queue', 'priority', 'child_grade')),
    was         text NOT NULL,
    became      text NOT NULL CHECK (became <> was),
    rule        text,
    PRIMARY KEY (override_id, part)
);
COMMENT ON COLUMN override_part.rule IS 'The row that had put the case where it was; none where people had, or an earlier policy.';

CREATE TRIGGER override_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON override
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER override_part_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON override_part
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
