-- +goose Up

-- The codes that a sale was reported with, one a line; '' if it has none or is older than this column.
ALTER TABLE conversions ADD COLUMN codes TEXT NOT NULL DEFAULT '';
