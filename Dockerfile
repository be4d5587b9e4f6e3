# A static binary in an empty image: nothing else is in it, and nobody is root in it.
#
#     docker build -t scopeform .
#     docker run --rm -v "$PWD:/work" scopeform plan
#
# The first stage builds what `just dist` builds; every line of it runs on any Debian with Rust and a C compiler.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY LICENSE-APACHE LICENSE-MIT README.md ./
COPY benches benches
COPY data data
COPY packaging packaging
COPY src src
RUN packaging/dist.sh /out

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/scopeform /usr/bin/scopeform
COPY --from=build /out/LICENSE-APACHE /out/LICENSE-MIT /usr/share/doc/scopeform/
# Not a name, which an empty image could not look up.
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/usr/bin/scopeform"]
