# check=skip=ReservedStageName
# The image of `make image`, for those who have a container engine; its files are laid out by the same scripts.
#
#   docker build --target scratch --build-arg REVISION="$(git rev-parse HEAD)" .
#
# No container engine runs in this project's tests: they hold this file against what `make image` writes, and nothing
# builds it.
FROM --platform=$BUILDPLATFORM docker.io/library/rust:1.95.0-bookworm AS build
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN scripts/binary.sh "linux/$TARGETARCH"
RUN scripts/rootfs.sh "linux/$TARGETARCH" scratch /image

FROM build AS build-shell
RUN scripts/rootfs.sh "linux/$TARGETARCH" shell /image

# For jobs whose container is given a command by others: GitLab starts `sh`, Jenkins `cat`, GitHub `tail`. An entrypoint
# would take that command for its arguments, so there is none.
FROM scratch AS shell
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="Signs container images twice, after the build and after the scan, and stops them wherever a signature is missing" \
      org.opencontainers.image.licenses="Apache-2.0 AND GPL-2.0-only" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build-shell /image/files/ /
COPY --from=build-shell --chown=65532:65532 /image/home/ /
ENV PATH="/usr/sbin:/usr/bin:/sbin:/bin"
USER 65532:65532
CMD ["/bin/sh"]

# Last, so that it is what is built where no target is named; and named so late, because a stage of this name stands
# in front of the empty image.
FROM scratch AS scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="Signs container images twice, after the build and after the scan, and stops them wherever a signature is missing" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /image/files/ /
COPY --from=build --chown=65532:65532 /image/home/ /
ENV PATH="/usr/sbin:/usr/bin:/sbin:/bin"
USER 65532:65532
ENTRYPOINT ["/usr/bin/countersign"]
