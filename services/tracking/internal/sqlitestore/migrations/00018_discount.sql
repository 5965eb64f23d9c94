-- +goose Up

-- What the shopper saved; '' is not reported.
ALTER TABLE conversions ADD COLUMN discount_currency TEXT NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN discount_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN discount_nanos INTEGER NOT NULL DEFAULT 0;
