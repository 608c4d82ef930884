-- A key for what is kept of a member of staff: by which names and numbers a report would tell of them.

ALTER TABLE case_key DROP CONSTRAINT case_key_purpose_check;
ALTER TABLE case_key ADD CONSTRAINT case_key_purpose_check CHECK (purpose IN ('report', 'original', 'unread', 'staff'));
