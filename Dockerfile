# The course as an image: alone (`docker run -p 127.0.0.1:8888:8888 pmtech`), and for each learner of a hub on Kubernetes.
# What it installs stands in pyproject.toml, its versions in constraints.txt.
FROM python:3.13-slim
RUN useradd --create-home --home-dir /learner --uid 1000 learner
COPY pyproject.toml constraints.txt README.md LICENSE /srv/pmtech/
COPY pmtech /srv/pmtech/pmtech
COPY notebooks /srv/pmtech/notebooks
COPY deploy /srv/pmtech/deploy
RUN pip install --no-cache-dir --constraint /srv/pmtech/constraints.txt "/srv/pmtech[hub]"
USER learner
WORKDIR /learner
EXPOSE 8888
# Inside a container every address is its own: which of the host's reach it, `docker run -p` decides. The token stands in the log.
ENV JUPYTER_IP=0.0.0.0
CMD ["pmtech", "lab", "--no-browser", "--port", "8888"]
