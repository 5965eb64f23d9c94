-- +goose Up

-- The columns come last, and the longest at the very end, so that lists need not read it.
ALTER TABLE conversions ADD COLUMN revenue_currency TEXT NOT NULL DEFAULT ''; -- '' is no revenue
ALTER TABLE conversions ADD COLUMN revenue_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN revenue_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN decision TEXT NOT NULL DEFAULT ''; -- JSON; '' from before it was kept
