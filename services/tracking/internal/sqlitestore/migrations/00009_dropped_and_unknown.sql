-- +goose Up

-- What of a link's parameters was not kept, one to a line; '' is nothing.
ALTER TABLE clicks ADD COLUMN dropped TEXT NOT NULL DEFAULT '';
-- 1: no publisher has the id; figures count the click under none.
ALTER TABLE clicks ADD COLUMN publisher_unknown INTEGER NOT NULL DEFAULT 0;
-- 1: no coupon of the offer had the code, and who reported it proved nothing; figures count it under none.
ALTER TABLE conversions ADD COLUMN code_unknown INTEGER NOT NULL DEFAULT 0;
