# Where the app is built, with all that building needs. Nothing of this image is deployed but /out.
FROM python:3.13
WORKDIR /work
COPY product/ product/
RUN python -m compileall -q product && mkdir /out && cp -r product/boredbot /out/
