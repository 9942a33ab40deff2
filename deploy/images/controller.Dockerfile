# The controller: `opm` with its web pages. Build from the root of the repository:
#   docker build -f deploy/images/controller.Dockerfile -t opm-controller .
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim

FROM ${NODE_IMAGE} AS web
ARG NPM_CONFIG_REGISTRY
ARG NODE_EXTRA_CA_CERTS
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier
COPY frontend/ ./
RUN OPM_WEB_OUT=/web npm run build

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ARG PIP_INDEX_URL
ARG PIP_CERT
ARG UV_DEFAULT_INDEX
ARG SSL_CERT_FILE
# Compiled modules then carry hashes of their sources instead of the time of the build.
ARG SOURCE_DATE_EPOCH=0
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv==${UV_VERSION}
ENV UV_PROJECT_ENVIRONMENT=/opt/opm UV_PYTHON=python3 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /src/backend
COPY backend/pyproject.toml backend/uv.lock backend/README.md ./
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-install-project --compile-bytecode
COPY backend/hatch_build.py backend/web_assets.py ./
COPY backend/opm opm
COPY --from=web /web opm/_web
RUN /opt/uv/bin/uv sync --frozen --no-dev --no-editable --compile-bytecode

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/opm /opt/opm
# The only folder it writes to, apart from /tmp.
RUN mkdir -m 1777 /var/lib/opm
ENV PATH=/opt/opm/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/var/lib/opm OPM_DATA_DIR=/var/lib/opm PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/opm
EXPOSE 8400
ENTRYPOINT ["opm"]
CMD ["serve"]
