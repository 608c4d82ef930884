# Anwang and what requirements/run.lock names, on a base that has Python 3.11 to 3.13 with venv. Base and build share one
# BASE_IMAGE, since the virtual environment links to its Python.
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/anwang
COPY requirements/build.lock requirements/run.lock /src/requirements/
RUN /opt/build/bin/pip install --quiet --require-hashes --requirement /src/requirements/build.lock \
 && /opt/build/bin/pip --python /opt/anwang/bin/python install --require-hashes --requirement /src/requirements/run.lock
COPY pyproject.toml README.md CHANGELOG.md LICENSE /src/
COPY pipeline /src/pipeline
COPY deploy/directory /src/deploy/directory
COPY deploy/policy /src/deploy/policy
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /src/dist /src \
 && /opt/build/bin/pip --python /opt/anwang/bin/python install --no-deps /src/dist/*.whl

FROM ${BASE_IMAGE}
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Anwang" \
      org.opencontainers.image.description="Case dispatch for a social safety net" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# The folders stand here with their owner and mode: a new volume takes both over from the image.
RUN groupadd --gid 10001 anwang \
 && useradd --uid 10001 --gid anwang --no-create-home --home-dir /var/lib/anwang --shell /usr/sbin/nologin anwang \
 && install --directory --owner anwang --group anwang --mode 0700 \
    /var/lib/anwang /var/lib/anwang/data /var/lib/anwang/keys /var/lib/anwang/gate-keys /var/lib/anwang/spool /var/lib/anwang/anchors \
    /var/lib/anwang/kafka /var/lib/anwang/kafka-authority /var/lib/anwang/kafka-accounts \
 && install --directory --owner anwang --group anwang --mode 0700 \
    /var/lib/anwang/kafka-accounts/operate /var/lib/anwang/kafka-accounts/assess /var/lib/anwang/kafka-accounts/relay \
    /var/lib/anwang/kafka-accounts/auditor /var/lib/anwang/kafka-accounts/intake /var/lib/anwang/kafka-accounts/feeds \
 && install --directory --owner anwang --group anwang --mode 0750 /var/lib/anwang/passwords /var/lib/anwang/kafka-broker
COPY --from=build /opt/anwang /opt/anwang
COPY deploy/compose/passwords.sh deploy/compose/prepare.sh /usr/share/anwang/
ENV PATH=/opt/anwang/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    ANWANG_DATA_DIR=/var/lib/anwang/data \
    ANWANG_KEY_FILE=/var/lib/anwang/keys/ring.json \
    ANWANG_GATE_KEY_FILE=/var/lib/anwang/gate-keys/gate.json \
    ANWANG_ANCHOR_KEY_FILE=/var/lib/anwang/anchors/anchor.pem \
    ANWANG_ANCHOR_FILE=/var/lib/anwang/anchors/anchors.ndjson \
    ANWANG_HTTP_HOST=0.0.0.0 \
    ANWANG_HTTP_PORT=9100 \
    ANWANG_INTAKE_HOST=0.0.0.0 \
    ANWANG_INTAKE_PORT=8080
USER 10001:10001
WORKDIR /var/lib/anwang
EXPOSE 8080 9100
ENTRYPOINT ["anwang"]
