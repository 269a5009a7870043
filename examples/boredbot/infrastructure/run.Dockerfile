# What is deployed: the result of the build, a Python without tools, and pinnace, which opens the keys.
ARG BUILD
ARG PINNACE
FROM ${BUILD} AS build
FROM ${PINNACE} AS pinnace
FROM python:3.13-slim
COPY --from=build /out /app
COPY --from=pinnace /usr/local/bin/pinnace /usr/local/bin/pinnace
WORKDIR /app
USER 1000
ENTRYPOINT ["pinnace", "secrets", "exec", "--file", "/etc/boredbot/secrets.env", "--"]
CMD ["python", "-m", "boredbot.web"]
