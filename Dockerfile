# unnoise with the run time alone, without torch: the server, and all commands that need no torch.
# It runs as an ordinary user.
#   docker build -t unnoise .
# For this machine only:
#   docker run --rm -p 127.0.0.1:8000:8000 unnoise serve --host 0.0.0.0 --without-token
# For others, whose requests must contain the token in the file `token`:
#   docker run --rm -p 8000:8000 -v "$PWD/token:/run/token:ro" unnoise \
#     serve --host 0.0.0.0 --token-file /run/token
# For a file, in a pipeline:
#   docker run --rm -i unnoise denoise - --format png < noisy.tif > clean.png
#   docker run --rm -v "$PWD:/data" -w /data -u "$(id -u):$(id -g)" unnoise denoise scans --out clean
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /opt/unnoise \
    && /opt/unnoise/bin/pip install --no-cache-dir -c constraints.txt '.[serve]'

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 unnoise
COPY --from=build /opt/unnoise /opt/unnoise
ENV PATH=/opt/unnoise/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/unnoise
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["unnoise"]
# Choose who has access, as above. Without a choice the server prints this and ends.
CMD ["serve", "--host", "0.0.0.0"]
