# OpenCode, pinned, with the tools it cannot do without. Build from the root of the repository:
#   docker build -f deploy/images/opencode.Dockerfile -t opm-opencode .
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim

FROM ${NODE_IMAGE} AS program
ARG NPM_CONFIG_REGISTRY
ARG NODE_EXTRA_CA_CERTS
WORKDIR /src
COPY deploy/images/opencode/package.json deploy/images/opencode/package-lock.json ./
# Takes the one variant that suits the processor and compares it with the lock. Its scripts would fetch more.
RUN npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier && \
    install -D -m 755 node_modules/opencode-linux-*/bin/opencode /program/opencode

FROM ${DEBIAN_IMAGE}
ARG EXTRA_PACKAGES=""
RUN apt-get update && \
    apt-get install -y --no-install-recommends bash ca-certificates git less openssh-client procps ripgrep ${EXTRA_PACKAGES} && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/ldconfig /var/log/* /usr/share/doc /usr/share/man
COPY --from=program /program/opencode /usr/local/bin/opencode
# With these in place it does not install plugins at every start, nor writes here, where nobody may.
COPY deploy/images/opencode/plugins-lock.json /etc/xdg/opencode/package-lock.json
COPY deploy/images/opencode/plugins-ignore /etc/xdg/opencode/.gitignore
# The user that pods give it needs a name: ssh ends without one.
RUN echo 'opm:x:10000:' >> /etc/group && echo 'opencode:x:10001:10000::/home/opencode:/bin/bash' >> /etc/passwd
RUN mkdir -p /etc/xdg/opencode/node_modules && chmod -R a+rX /etc/xdg/opencode && \
    mkdir -m 1777 /workspace /home/opencode
ENV HOME=/home/opencode \
    XDG_CONFIG_HOME=/etc/xdg \
    XDG_DATA_HOME=/home/opencode/.local/share \
    XDG_STATE_HOME=/home/opencode/.local/state \
    XDG_CACHE_HOME=/home/opencode/.cache \
    LANG=C.UTF-8 SHELL=/bin/bash \
    OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_SHARE=1 \
    OPENCODE_DISABLE_LSP_DOWNLOAD=1 OPENCODE_DISABLE_CLAUDE_CODE=1 OPENCODE_DISABLE_EXTERNAL_SKILLS=1 \
    OPENCODE_DISABLE_PROJECT_CONFIG=1 OPENCODE_CONFIG_PROJECT_DISABLE=1
USER 10001:10000
WORKDIR /workspace
EXPOSE 3000
ENTRYPOINT ["opencode"]
CMD ["serve", "--hostname", "127.0.0.1", "--port", "3000"]
