-- +goose Up
-- The ids of the publishers and offers that a key is limited to, separated by commas; empty for all.
ALTER TABLE keys ADD COLUMN publishers TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN offers TEXT NOT NULL DEFAULT '';
