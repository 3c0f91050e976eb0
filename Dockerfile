# The sidecar as a container image: docs/image.md says how to build and run it.

# Both stages stand on the same base, so that what is compiled in one runs in the other. Another registry's copy, or one
# pinned by digest too: --build-arg BASE=...
ARG BASE=python:3.13.15-slim-bookworm

# ---- build: everything that needs pip and setuptools, none of which is carried on ----
FROM ${BASE} AS build

# Another package index: --build-arg PIP_INDEX_URL=...  What is installed stays the same: the hashes are locked.
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

# Dependencies first: this layer stays cached until a lock file changes. build.txt is setuptools, for the build alone.
WORKDIR /src
COPY requirements/build.txt requirements/image.txt requirements/
RUN python -m pip install --quiet --no-compile --only-binary=:all: --require-hashes -r requirements/build.txt \
 && python -m venv --without-pip /opt/sidecar \
 && python -m pip --python /opt/sidecar install --quiet --no-compile --only-binary=:all: \
    --require-hashes -r requirements/image.txt

COPY pyproject.toml README.md LICENSE ./
COPY sidecar sidecar
# Byte code that is never compared with its source: a container's sources do not change, and copies and rebuilt layers
# have other file times. The fixed seed gives the same bytes each time.
RUN python -m pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m pip --python /opt/sidecar install --quiet --no-compile --no-index --no-deps \
    --find-links /wheels resilience-sidecar \
 && PYTHONHASHSEED=0 python -m compileall -qf --invalidation-mode unchecked-hash /opt/sidecar

# ---- the image ----
FROM ${BASE}

# The base carries Python's own library without byte code, and on a read-only file system none can be kept: every start
# would compile 170 modules anew.
RUN PYTHONHASHSEED=0 python -m compileall -qf --invalidation-mode unchecked-hash -x site-packages /usr/local/lib
COPY --from=build /opt/sidecar /opt/sidecar

# With PATH, `kubectl exec POD -c sidecar -- sidecar support ID` works as in a terminal.
ENV PATH=/opt/sidecar/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    SIDECAR_CONFIG=/etc/sidecar/sidecar.yaml

# By number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 65532:65532

# The data plane; probes and metrics. The admin API (9091) is for its own pod only.
EXPOSE 8080 9090

# SIGTERM finishes the calls in flight, then ends with 0. There is no HEALTHCHECK: without curl or a shell it would start
# a Python each time, 60 to 250 ms of CPU taken from the calls; ask http://...:9090/livez from outside instead.
STOPSIGNAL SIGTERM

# No configuration is built in: a sidecar that knows no provider would look healthy while every call fails. Without
# one it ends with 2, and says where it looked and what to do.
ENTRYPOINT ["/opt/sidecar/bin/sidecar"]
CMD ["run"]

# Last, because they change with every release.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sidecar" \
      org.opencontainers.image.description="A local resilience proxy for calls to third-party APIs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
