-- Lives in a database of its own: whoever holds the data does not hold the keys, and these are wrapped by a key that is in neither.

CREATE TABLE case_key (
    owner_id    uuid NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('report', 'original', 'unread')),
    key_version int NOT NULL,
    wrapped     bytea NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, purpose)
);
