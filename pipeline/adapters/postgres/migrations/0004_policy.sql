-- Policies as releases: what was proposed, who signed it, when it came into force, and what is tried beside it.

CREATE TABLE policy_release (
    version     text PRIMARY KEY,
    digest      text NOT NULL UNIQUE CHECK (digest ~ '^[0-9a-f]{64}$'),
    file        text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    note        text
);
COMMENT ON COLUMN policy_release.file IS 'The bytes of the file as proposed; digest is their SHA-256.';

CREATE TABLE policy_signer (
    public_key    bytea PRIMARY KEY CHECK (length(public_key) = 32),
    staff         text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    revoked_at    timestamptz,
    CHECK (revoked_at >= registered_at)
);
CREATE UNIQUE INDEX policy_signer_now ON policy_signer (lower(staff)) WHERE revoked_at IS NULL;
COMMENT ON TABLE policy_signer IS 'Ed25519 keys by staff code. What a key signed before its revocation stays signed.';

CREATE TABLE policy_signature (
    version    text NOT NULL REFERENCES policy_release,
    staff      text NOT NULL,
    public_key bytea NOT NULL REFERENCES policy_signer,
    signature  bytea NOT NULL CHECK (length(signature) = 64),
    signed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, public_key)
);

CREATE TABLE policy_activation (
    number           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             text NOT NULL CHECK (kind IN ('activate', 'roll_back')),
    version          text REFERENCES policy_release,
    starts_at        timestamptz NOT NULL,
    activated_by     text NOT NULL,
    seconded_by      text NOT NULL CHECK (lower(seconded_by) <> lower(activated_by)),
    undoes           bigint REFERENCES policy_activation,
    signature        bytea,
    second_signature bytea,
    made_at          timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'roll_back') = (undoes IS NOT NULL)),
    CHECK ((kind = 'roll_back') = (signature IS NOT NULL)),
    CHECK ((kind = 'roll_back') = (second_signature IS NOT NULL)),
    CHECK (kind = 'roll_back' OR version IS NOT NULL),
    CHECK (kind = 'roll_back' OR starts_at >= made_at + interval '60 s'),
    CHECK (starts_at > made_at)
);
COMMENT ON TABLE policy_activation IS 'From starts_at on an activation is in force; a roll-back ends the one that it undoes, at its own starts_at.';
COMMENT ON COLUMN policy_activation.version IS 'Of a roll-back: what comes back into force; none is the policy that is shipped.';

CREATE TRIGGER policy_release_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_release
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_signer_kept BEFORE DELETE OR TRUNCATE ON policy_signer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER policy_signature_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_activation_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_activation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE policy_shadow (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL REFERENCES policy_release,
    since   timestamptz NOT NULL DEFAULT now(),
    until   timestamptz,
    CHECK (until >= since)
);
CREATE UNIQUE INDEX policy_shadow_one ON policy_shadow ((true)) WHERE until IS NULL;
COMMENT ON TABLE policy_shadow IS 'Releases that judge every report beside the policy in force, without effect; one at a time.';

CREATE TABLE shadow_decision (
    event_key uuid NOT NULL REFERENCES report_version,
    version   text NOT NULL REFERENCES policy_release,
    beside    text NOT NULL,
    differs   jsonb NOT NULL,
    judged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, event_key)
);
COMMENT ON TABLE shadow_decision IS 'What the shadow says otherwise than the policy in force (beside), by name: [in force, shadow]. Nothing personal.';
