"""The catalogue database. The only place that knows SQLAlchemy and asyncpg; knows no Dagster and no Redis."""
