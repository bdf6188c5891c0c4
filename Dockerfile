FROM python:3.13-slim

COPY pyproject.toml setup.py README.md LICENSE /src/
COPY native /src/native
COPY datagen /src/datagen
# This image has no C compiler: pip fetches one for the build (100 MB), and leaves nothing of it in the layer.
RUN pip install --no-cache-dir "/src[all]" && rm -r /src && useradd --create-home --uid 1000 datagen

USER 1000
WORKDIR /home/datagen
COPY conf conf
COPY formats formats
ENTRYPOINT ["datagen"]
