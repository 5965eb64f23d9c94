-- +goose Up
-- Publishers that exist keep the payloads that they know.

ALTER TABLE publishers ADD COLUMN delivery_payload_version TEXT NOT NULL DEFAULT 'V1';
