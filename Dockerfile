# Firebell without the demo, run by a user of its own:
#
#   docker build --build-arg FIREBELL_COMMIT="$(git rev-parse --short=12 HEAD)" -t firebell .
#   docker run -d --name firebell --stop-timeout 30 -p 8080:8080 --env-file secrets.env \
#       -v "$PWD/firebell.toml:/etc/firebell/firebell.toml:ro" -v firebell:/var/lib/firebell firebell
#
# In that firebell.toml, `server.listen` is "0.0.0.0:8080": on the loopback of a container nobody arrives. The embedded
# database of the example, "sqlite:firebell.db", lies in the volume, from which the program starts.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# Which commit this is, for `firebell --version`: the history is not copied in.
ARG FIREBELL_COMMIT="unknown commit"
ENV FIREBELL_COMMIT=$FIREBELL_COMMIT
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --no-default-features \
    && cp target/release/firebell /usr/local/bin/firebell

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/firebell --shell /usr/sbin/nologin firebell \
    && install -d -o firebell -g firebell -m 0750 /var/lib/firebell
COPY --from=build /usr/local/bin/firebell /usr/local/bin/firebell
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/firebell/
ENV FIREBELL_CONFIG=/etc/firebell/firebell.toml
USER firebell
WORKDIR /var/lib/firebell
VOLUME /var/lib/firebell
EXPOSE 8080
# No HEALTHCHECK: nothing in the image speaks HTTP as a client. Ask /healthz from outside; it says that the process
# answers. /readyz also says whether Discord is connected, and is for people and alarms rather than for restarts.
ENTRYPOINT ["firebell"]
CMD ["serve"]
