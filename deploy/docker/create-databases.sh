#!/bin/sh
# Runs once, when the data volume of `postgres` is empty: the role of the application and its two databases.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set password="$CATALOGUE_PASSWORD" <<'SQL'
CREATE ROLE ingestion LOGIN PASSWORD :'password';
CREATE DATABASE ingestion OWNER ingestion;
CREATE DATABASE dagster OWNER ingestion;
SQL
