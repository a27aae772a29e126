# docker build -t tidegauge .
# docker run -v /var/run:/host/run:ro -e TIDEGAUGE_POOL_SOCKET_PATH=/host/run/docker.sock \
#   --group-add "$(stat -c %g /var/run/docker.sock)" -p 127.0.0.1:9717:9717 tidegauge
# With -v /proc:/host/proc:ro -v /sys:/host/sys:ro -e TIDEGAUGE_PATH_PROCFS=/host/proc
# -e TIDEGAUGE_PATH_SYSFS=/host/sys it reads the containers' numbers from the kernel; without, it asks
# the Engine for them.
# The directory, because a socket that is mounted by itself does not outlive the Engine that made it.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      g++ cmake ninja-build pkg-config libcurl4-openssl-dev libyaml-cpp-dev rapidjson-dev \
      prometheus-cpp-dev libspdlog-dev libmicrohttpd-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cmake --preset release -DTIDEGAUGE_BUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release --target tidegauge \
    && strip build/release/tidegauge

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
      libcurl4 libyaml-cpp0.7 libprometheus-cpp-core1.0 libspdlog1.10 libfmt9 libmicrohttpd12 \
      ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --shell /usr/sbin/nologin tidegauge
COPY --from=build /source/build/release/tidegauge /usr/bin/tidegauge
COPY config/config.yaml /etc/tidegauge/config.yaml
USER tidegauge
# Inside the container's own network; what of it is published is for `docker run` to say.
ENV TIDEGAUGE_WEB_LISTEN_ADDRESS=0.0.0.0:9717
EXPOSE 9717
HEALTHCHECK --interval=30s --timeout=5s CMD ["tidegauge", "--config", "/etc/tidegauge/config.yaml", "--healthcheck"]
ENTRYPOINT ["tidegauge", "--config", "/etc/tidegauge/config.yaml"]
