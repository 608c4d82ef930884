-- A key for what staff write of a case, apart from that of its reports.

ALTER TABLE case_key DROP CONSTRAINT case_key_purpose_check;
ALTER TABLE case_key ADD CONSTRAINT case_key_purpose_check CHECK (purpose IN ('report', 'original', 'unread', 'staff', 'note'));
