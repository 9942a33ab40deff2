# The sidecars of a pod, and nothing of the controller. Build from the root of the repository:
#   docker build -f deploy/images/sidecar.Dockerfile -t opm-sidecar .
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ARG PIP_INDEX_URL
ARG PIP_CERT
ARG UV_DEFAULT_INDEX
ARG SSL_CERT_FILE
ARG SOURCE_DATE_EPOCH=0
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv==${UV_VERSION}
ENV UV_PROJECT_ENVIRONMENT=/opt/opm UV_PYTHON=python3 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /src/backend
COPY backend/pyproject.toml backend/uv.lock ./
RUN /opt/uv/bin/uv sync --frozen --only-group sidecar --compile-bytecode
COPY backend/opm/__init__.py /package/opm/
COPY backend/opm/wire /package/opm/wire
COPY backend/opm/sidecar /package/opm/sidecar
RUN cp -r /package/opm "$(/opt/opm/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" && \
    /opt/opm/bin/python -m compileall -q /opt/opm/lib/python*/site-packages/opm

FROM ${PYTHON_IMAGE}
# What the file browser runs, and what people expect in a terminal. Add what your agents use, here and in theirs.
ARG EXTRA_PACKAGES=""
RUN apt-get update && \
    apt-get install -y --no-install-recommends bash ca-certificates git less openssh-client procps ripgrep ${EXTRA_PACKAGES} && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/ldconfig /var/log/* /usr/share/doc /usr/share/man
COPY --from=build /opt/opm /opt/opm
# The users that pods give the sidecars need names: ssh ends without one.
RUN echo 'opm:x:10000:' >> /etc/group && \
    printf '%s\n' files:x:10002:10000::/tmp:/bin/bash shell:x:10003:10000::/home/shell:/bin/bash \
        model:x:10004:10000::/tmp:/bin/bash >> /etc/passwd
RUN mkdir -m 1777 /workspace
# Not on PATH: the terminals of people inherit this environment, and its Python is not theirs.
ENV HOME=/tmp LANG=C.UTF-8 SHELL=/bin/bash
USER 10002:10000
WORKDIR /workspace
EXPOSE 3001 3002
# -P: nothing in the folder it starts in, which is the agent's, may shadow a module.
ENTRYPOINT ["/opt/opm/bin/python", "-P", "-m", "opm.sidecar"]
CMD ["files"]
