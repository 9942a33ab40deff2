# Stands in for docker.io/library/postgres where there is no registry, and is told the same way what to do.
FROM docker.io/library/debian:bookworm-slim
RUN mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf && \
    apt-get update && apt-get install -y --no-install-recommends postgresql-15 && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /usr/share/doc /usr/share/man
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
# Any user may run it, on a volume of its own; initdb wants to know the user's name.
RUN mkdir -p -m 1777 /var/lib/postgresql/data /docker-entrypoint-initdb.d && chmod 1777 /var/lib/postgresql && \
    echo 'opm:x:999:999::/var/lib/postgresql:/bin/sh' >> /etc/passwd && echo 'opm:x:999:' >> /etc/group
USER 999:999
EXPOSE 5432
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
