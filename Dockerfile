FROM python:3.13-slim

COPY pyproject.toml README.md LICENSE /src/
COPY datagen /src/datagen
RUN pip install --no-cache-dir "/src[all]" && rm -r /src && useradd --create-home --uid 1000 datagen

USER 1000
WORKDIR /home/datagen
COPY conf conf
COPY formats formats
ENTRYPOINT ["datagen"]
