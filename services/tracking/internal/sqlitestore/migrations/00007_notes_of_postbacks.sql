-- +goose Up

ALTER TABLE postbacks ADD COLUMN notes TEXT NOT NULL DEFAULT ''; -- warnings, and a body that could not be read, in JSON; '' is none
