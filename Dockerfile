# The program and the libraries that it links, and nothing else. `docker build -t tidegauge .` makes it;
# scripts/image.sh does too, with the labels that only the repository knows and the bill of materials.
# docs/image.md says how to run it.
#
# The libraries of the image are those of this base. It may be any Debian from 12 on, and one that
# has the packages of scripts/lib/packages.sh already needs no network.
ARG BUILD_BASE=debian:bookworm-slim
FROM ${BUILD_BASE} AS build
WORKDIR /source
COPY scripts/lib/packages.sh scripts/lib/
RUN ["bash", "-ec", "source scripts/lib/packages.sh; install_missing \"${packages_image[@]}\""]
COPY . .
ARG SOURCE_DATE_EPOCH=0
ARG VERSION=unknown
RUN cmake --preset release -DTIDEGAUGE_BUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release --target tidegauge \
    && scripts/lib/image_root.sh build/release/tidegauge "$VERSION" /image

FROM scratch
COPY --from=build /image /
LABEL org.opencontainers.image.title="tidegauge" \
      org.opencontainers.image.description="Monitoring daemon for Docker hosts: metrics about containers for Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="tidegauge"
USER 65532:65532
# Where the private socket and the record of ends are, as systemd would say it; a configuration may say otherwise.
# The listen address is inside the container's own network; `docker run` says what is published of it.
ENV RUNTIME_DIRECTORY=/run/tidegauge STATE_DIRECTORY=/var/lib/tidegauge \
    TIDEGAUGE_WEB_LISTEN_ADDRESS=0.0.0.0:9717
EXPOSE 9717
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/bin/tidegauge", "--healthcheck"]
ENTRYPOINT ["/usr/bin/tidegauge"]
