-- Cases that one centre wants to hand to another, and what that one said.

CREATE TABLE case_transfer (
    transfer_id uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES case_file,
    from_centre text NOT NULL,
    to_centre   text NOT NULL CHECK (to_centre <> from_centre),
    to_county   text NOT NULL,
    reason      text NOT NULL,
    state       text NOT NULL CHECK (state IN ('proposed', 'accepted', 'refused')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    answered_by text,
    answered_at timestamptz,
    refused_for text,
    CHECK ((state = 'proposed') = (answered_by IS NULL) AND (state = 'proposed') = (answered_at IS NULL)),
    CHECK ((state = 'refused') = (refused_for IS NOT NULL)),
    CHECK (state <> 'accepted' OR answered_by <> proposed_by)
);
COMMENT ON TABLE case_transfer IS 'A case stays where it is until the other centre accepts. People are told by staff codes.';

CREATE UNIQUE INDEX case_transfer_waits ON case_transfer (case_id) WHERE state = 'proposed';
CREATE INDEX case_transfer_to ON case_transfer (to_centre, proposed_at) WHERE state = 'proposed';

CREATE INDEX case_file_open ON case_file (centre) WHERE state IN ('waiting', 'claimed');
COMMENT ON INDEX case_file_open IS 'How full each centre is.';
