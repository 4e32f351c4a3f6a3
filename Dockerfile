# One Dockerfile for every service:
#     docker build --build-arg SERVICE=ingest --tag masthead/ingest .
# An image holds shared/, the code of its one service, and the packages of requirements/<service>.txt.
ARG SERVICE=ingest
ARG PYTHON=python:3.11-slim-bookworm

# Packages are made into wheels here, the few that come as sources too, by tools that are pinned like everything else.
FROM ${PYTHON} AS build
ARG SERVICE
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements/build.txt requirements/${SERVICE}.txt requirements/
RUN pip install --require-hashes --requirement requirements/build.txt \
    && pip wheel --require-hashes --no-build-isolation --only-binary :all: --no-binary feedgen,pymeeus \
        --requirement "requirements/${SERVICE}.txt" --wheel-dir wheels \
    && python -m venv --without-pip /opt/masthead \
    && pip --python /opt/masthead/bin/python install --no-index --no-deps wheels/*
WORKDIR /app
COPY services/__init__.py services/
COPY services/${SERVICE}/ services/${SERVICE}/
COPY shared/ shared/
# Compiled once and for all: the root file system is read-only when it runs.
RUN python -m compileall -q --invalidation-mode unchecked-hash services shared

FROM ${PYTHON} AS runtime
RUN groupadd --gid 10001 masthead \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin masthead \
    && install --directory --owner 10001 --group 10001 --mode 755 /srv/edge
COPY --from=build /opt/masthead /opt/masthead
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/masthead/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MASTHEAD_VAR=/tmp/masthead \
    MASTHEAD_FEED_HOST=0.0.0.0 \
    MASTHEAD_INGEST_HOST=0.0.0.0 \
    MASTHEAD_PUSH_HOST=0.0.0.0
USER 10001:10001
STOPSIGNAL SIGTERM

FROM runtime AS ingest
EXPOSE 8001
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "web", "ingest"]
CMD ["python", "-m", "services.ingest.app"]

FROM runtime AS relay
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "worker", "relay"]
CMD ["python", "-m", "services.relay"]

FROM runtime AS enrich
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "worker", "enrich"]
CMD ["python", "-m", "services.enrich.worker"]

FROM runtime AS count
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "worker", "count"]
CMD ["python", "-m", "services.count.worker"]

# The feed worker is the same image with another command: python -m services.feed.worker
FROM runtime AS feed
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "web", "feed"]
CMD ["python", "-m", "services.feed.app"]

# The push worker is the same image with another command: python -m services.push.worker
FROM runtime AS push
EXPOSE 8002
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "web", "push"]
CMD ["python", "-m", "services.push.app"]

FROM runtime AS social
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "shared.health", "worker", "social"]
CMD ["python", "-m", "services.social.worker"]

# A tool: it runs one command and ends, so there is no health to check.
FROM runtime AS cli
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "services.cli"]
CMD ["--help"]

# hadolint ignore=DL3006
FROM ${SERVICE}
