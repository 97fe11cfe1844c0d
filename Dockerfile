# One image for every service of docker-compose.yml; its default command serves the definitions.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /build
COPY requirements-setup.lock requirements.lock ./
RUN python -m venv /opt/uv \
 && /opt/uv/bin/pip install --quiet --require-hashes --no-deps -r requirements-setup.lock \
 && python -m venv --without-pip /opt/venv \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --compile-bytecode --require-hashes --no-deps -r requirements.lock
# After the dependencies, so that a change of our code does not install them again.
COPY pyproject.toml hatch_build.py README.md LICENSE dagster.yaml ./
COPY ingestion_dagster ingestion_dagster
COPY migrations migrations
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --no-deps .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/dagster --shell /usr/sbin/nologin ingestion \
 && install -d -o ingestion -g ingestion /var/lib/dagster /var/lib/dagster/storage /data/inbox /data/snapshots
COPY --from=build /opt/venv /opt/venv
COPY dagster.yaml /var/lib/dagster/dagster.yaml
# The number of runs at a time comes from the environment of the container.
RUN sed -i "s/max_concurrent_runs: [0-9]*/max_concurrent_runs: {env: INGESTION_MAX_JOBS}/" /var/lib/dagster/dagster.yaml
COPY deploy/docker/workspace.yaml /app/workspace.yaml
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/var/lib/dagster \
    DAGSTER_EVENT_BATCH_SIZE=500 \
    INGESTION_MAX_JOBS=5 \
    INGESTION_INBOX=/data/inbox \
    INGESTION_SNAPSHOT_URL=/data/snapshots
WORKDIR /app
USER 10001:10001
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=15s --start-period=60s --retries=6 \
  CMD ["python", "-m", "ingestion_dagster.instance.health", "code"]
# Not `dagster code-server`, a proxy that lives on and answers when the process behind it is gone.
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", \
     "--module-name", "ingestion_dagster.definitions", "--location-name", "ingestion_dagster"]
