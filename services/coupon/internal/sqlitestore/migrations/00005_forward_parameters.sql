-- +goose Up
-- Which parameters of links reach the landing page: names separated by commas; '' is the default list.

ALTER TABLE offers ADD COLUMN forward_parameters TEXT NOT NULL DEFAULT '';
