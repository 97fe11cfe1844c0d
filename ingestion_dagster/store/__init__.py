"""The catalogue database. The only place that knows SQLAlchemy and asyncpg; knows no Dagster and no Redis. What a query
answers is a type named for what it is, made beside the query; no row leaves this room.
"""
