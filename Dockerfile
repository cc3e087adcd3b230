# An image of Causeway: built from the lock file, run by its own user, with nothing writable but the state folder.
#
#   docker build -t causeway .
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges \
#     --sysctl net.ipv4.ip_unprivileged_port_start=0 \
#     -v "$PWD/causeway:/etc/causeway:ro" -v causeway-state:/var/lib/causeway -p 53:53/udp -p 53:53/tcp causeway
#
# The configuration is mounted at /etc/causeway/causeway.yaml, its zone files beside it, and says
# `node: { state: /var/lib/causeway }`; see docs/operations.md and examples/sidecar.

FROM node:26-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends binutils
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY LICENSE tsconfig.json tsconfig.build.json ./
COPY bin bin
COPY config/root.hints config/root.key config/
COPY packaging packaging
COPY src src
# dist/, the dependencies that run, and Node.js as its binary, in the version that the lock file names.
RUN npm run build && node packaging/tree.ts /opt/causeway

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libatomic1 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && groupadd --gid 10053 causeway \
 && useradd --no-log-init --uid 10053 --gid 10053 --home-dir /var/lib/causeway --no-create-home \
    --shell /usr/sbin/nologin causeway \
 && install -d -o causeway -g causeway -m 0700 /var/lib/causeway \
 && install -d -m 0755 /etc/causeway \
 && ln -s /opt/causeway/bin/causeway /usr/local/bin/causeway
COPY --from=build /opt/causeway /opt/causeway
USER 10053:10053
VOLUME /var/lib/causeway
WORKDIR /var/lib/causeway
# Port 53 needs no capability where net.ipv4.ip_unprivileged_port_start is 0: Docker sets it, podman is to be told.
EXPOSE 53/udp 53/tcp 9153/tcp
# By its socket: a configuration that is edited, with errors maybe, does not make it unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["causeway", "status", "--ready", "--socket", "/var/lib/causeway/control.sock"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["causeway"]
CMD ["serve"]
