-- +goose Up

-- What shoppers saved, of the conversions that are counted.
ALTER TABLE figures ADD COLUMN discount_units INTEGER NOT NULL DEFAULT 0;
ALTER TABLE figures ADD COLUMN discount_nanos INTEGER NOT NULL DEFAULT 0;
-- 1 once the figures have the discounts of conversions that were counted before there were these columns.
ALTER TABLE counted ADD COLUMN discounts INTEGER NOT NULL DEFAULT 0;
