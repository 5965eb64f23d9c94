-- +goose Up
-- The greatest amount that a postback without proof may report; the currency '' is no limit.

ALTER TABLE offers ADD COLUMN open_postback_max_amount_currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN open_postback_max_amount_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN open_postback_max_amount_nanos INTEGER NOT NULL DEFAULT 0;
