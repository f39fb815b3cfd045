-- What is durable ahead of what is acknowledged: ranges `first-last`, a blank between two.

ALTER TABLE positions ADD COLUMN ahead TEXT NOT NULL DEFAULT '';
