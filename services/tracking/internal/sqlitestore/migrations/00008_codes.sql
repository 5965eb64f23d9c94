-- +goose Up

-- The codes that a sale was reported with, one a line; '' is none, and what is from before they were kept.
ALTER TABLE conversions ADD COLUMN codes TEXT NOT NULL DEFAULT '';
