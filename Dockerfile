# syntax=docker/dockerfile:1
# rolewright as a container: docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" IMAGE render
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY generator generator
COPY blueprints blueprints
RUN python -m venv /opt/rolewright && /opt/rolewright/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.13-slim
# `diff --base` and `--changed-since` ask git; the folder that is mounted belongs to whoever runs the container.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --uid 10001 --create-home rolewright
COPY --from=build /opt/rolewright /opt/rolewright
ENV PATH=/opt/rolewright/bin:$PATH
USER 10001
WORKDIR /work
ENTRYPOINT ["rolewright"]
CMD ["--help"]
