# syntax=docker/dockerfile:1

# The wheel, made by the build backend of the development lock: every byte that takes part is pinned by hash.
FROM python:3.11-slim AS wheel
WORKDIR /source
COPY requirements-dev.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md ./
COPY bot bot
COPY config config
COPY handlers handlers
COPY sandbox sandbox
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

# A venv that holds the locked dependencies and the wheel, compiled ahead since the root file system is read-only later.
FROM python:3.11-slim AS venv
COPY requirements.lock /
RUN python -m venv /opt/caisson \
 && /opt/caisson/bin/pip install --no-cache-dir --require-hashes -r /requirements.lock
COPY --from=wheel /wheels /wheels
RUN /opt/caisson/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
 && /opt/caisson/bin/pip uninstall --yes pip setuptools \
 && /opt/caisson/bin/python -m compileall -q /opt/caisson/lib

FROM python:3.11-slim
COPY --from=venv /opt/caisson /opt/caisson
# The one writable place: the embedded store, and Sigstore's keys as TUF keeps them. Mount a volume here.
RUN install -d -o 65532 -g 65532 /var/lib/caisson
ENV PATH=/opt/caisson/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CAISSON_LISTEN=0.0.0.0:8080 \
    CAISSON_STORE=/var/lib/caisson/caisson.db \
    XDG_DATA_HOME=/var/lib/caisson/data \
    XDG_CACHE_HOME=/var/lib/caisson/cache
USER 65532:65532
WORKDIR /var/lib/caisson
VOLUME /var/lib/caisson
EXPOSE 8080
ENTRYPOINT ["caisson"]
CMD ["serve"]
