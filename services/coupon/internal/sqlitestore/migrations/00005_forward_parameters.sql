-- +goose Up
-- Which parameters of links reach the landing page: names with commas between; '' is the default list.

ALTER TABLE offers ADD COLUMN forward_parameters TEXT NOT NULL DEFAULT '';
