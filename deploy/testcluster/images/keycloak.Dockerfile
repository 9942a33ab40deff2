# Stands in for docker.io/keycloak/keycloak where there is no registry: the same distribution, on Debian's Java.
FROM docker.io/library/python:3.11-slim-bookworm AS fetched
ARG SSL_CERT_FILE
ARG VERSION=26.7.3
ARG SHA256=27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f
COPY fetched.py /
RUN python3 /fetched.py \
        https://repo1.maven.org/maven2/org/keycloak/keycloak-quarkus-dist/${VERSION}/keycloak-quarkus-dist-${VERSION}.zip \
        ${SHA256} /keycloak.zip && \
    python3 -m zipfile -e /keycloak.zip /opt && mv /opt/keycloak-${VERSION} /opt/keycloak && \
    mkdir -p /opt/keycloak/data && chmod 755 /opt/keycloak/bin/*.sh && chmod -R g+rwX /opt/keycloak

FROM docker.io/library/debian:bookworm-slim
# Its packages want to put pages where a slim Debian has no folder.
RUN mkdir -p /usr/share/man/man1 && \
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openjdk-17-jre-headless && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /usr/share/doc /usr/share/man
COPY --from=fetched --chown=1000:0 /opt/keycloak /opt/keycloak
# In a container it listens on every address.
ENV LANG=C.UTF-8 KC_RUN_IN_CONTAINER=true
USER 1000
EXPOSE 8080 8443
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
