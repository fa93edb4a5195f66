# The dashboard, small and without rights: no root, nothing written but to /tmp.
#   docker build -t xray-model-audit .
#   docker run --rm --read-only --tmpfs /tmp -p 8501:8501 xray-model-audit
FROM python:3.13-slim-bookworm AS packages
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/venv
RUN /opt/venv/bin/pip install --no-cache-dir -r /tmp/requirements.txt
# TensorFlow's headers are only for building extensions.
RUN rm -rf /opt/venv/lib/python3*/site-packages/tensorflow/include

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin audit
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY .streamlit .streamlit
COPY assets assets
COPY artifacts artifacts
COPY xray xray
COPY pages pages
COPY requirements.txt app.py ./
RUN /opt/venv/bin/python -m compileall -q xray pages app.py
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
ENV HOME=/tmp
ENV XRAY_CACHE=/tmp/xray-cache
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONUNBUFFERED=1
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0
ENV STREAMLIT_SERVER_HEADLESS=true
USER 10001
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-m", "xray.dashboard.health"]
CMD ["streamlit", "run", "app.py"]
