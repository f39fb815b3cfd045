-- Packets on request are sealed (store::evidence); what an earlier release stored in the clear is sealed at the next start.

ALTER TABLE detail_parts ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
