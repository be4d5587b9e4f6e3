# Two images of one static binary. Nobody is root in either.
#
#     docker build -t scopeform .                               an empty image: the binary, certificates, nothing else
#     docker build -t scopeform:pipeline --target pipeline .    on Debian, with git, ssh-keygen, openssl, jq and curl
#
# The empty one plans and applies. `--base` reads git, `approve` and `snapshot --key` sign with ssh-keygen, and the pipelines in
# examples/ci have a shell, openssl, jq and curl: these need the other one.
#
#     docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" scopeform plan
#
# Journals, used approvals and the embedded database go to `.scopeform` beside the configuration, which whoever runs this must be
# able to write. Where that is not so they go to a volume; a folder of the container would be gone with it, and with it the
# record of which approvals have been used:
#
#     docker run --rm -e SCOPEFORM_DATA_DIR=/data -v scopeform-data:/data -v "$PWD:/work:ro" scopeform plan
#
# The first stage runs packaging/dist.sh, which ends with packaging/check.sh; it runs on any Debian with Rust and a C compiler.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY LICENSE-APACHE LICENSE-MIT README.md ./
COPY benches benches
COPY data data
COPY packaging packaging
COPY src src
# What is copied from /writable keeps its mode: a place that whoever runs the image may write to.
RUN packaging/dist.sh /out \
    && install -d -m 1777 /writable/data

FROM debian:bookworm-slim AS pipeline
# What Debian's stable has patched today; a version written down here would be gone from its mirrors tomorrow.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl git jq openssh-client openssl \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 65532 scopeform \
    && useradd --uid 65532 --gid 65532 --create-home scopeform
COPY --from=build /writable /
COPY --from=build /out/scopeform /usr/bin/scopeform
COPY --from=build /out/LICENSE-APACHE /out/LICENSE-MIT /usr/share/doc/scopeform/
# ssh-keygen signs for nobody whom /etc/passwd does not know. git reads a checkout of somebody else only when told to:
# git config --global --add safe.directory /work
USER 65532:65532
WORKDIR /work
# No entry point: what runs the jobs of a pipeline brings a shell line of its own.
CMD ["scopeform", "--help"]

FROM scratch AS empty
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /writable /
COPY --from=build /out/scopeform /usr/bin/scopeform
COPY --from=build /out/LICENSE-APACHE /out/LICENSE-MIT /usr/share/doc/scopeform/
# Not a name, which an empty image could not look up.
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/usr/bin/scopeform"]
