-- +goose Up

-- What was dropped from a link's parameters, one a line; '' if nothing was.
ALTER TABLE clicks ADD COLUMN dropped TEXT NOT NULL DEFAULT '';
-- 1: no publisher has the id; figures count the click under no publisher.
ALTER TABLE clicks ADD COLUMN publisher_unknown INTEGER NOT NULL DEFAULT 0;
-- 1: no coupon of the offer had the code, and the sender gave no proof; figures count the sale under no code.
ALTER TABLE conversions ADD COLUMN code_unknown INTEGER NOT NULL DEFAULT 0;
