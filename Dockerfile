# Two images of the same build.
#
# `service`, the default: the HTTP service, self-hosted. It writes nothing, so its root may be read-only, and needs no
# privileges but to read the keys: run it as their owner.
#
#   docker build -t flow-security-keys .
#   docker run --user "$(id -u):$(id -g)" --read-only --cap-drop ALL --security-opt no-new-privileges -p 127.0.0.1:8080:8080 \
#     -v "$PWD/keys:/keys:ro" -e BEARER_TOKEN_HASHES flow-security-keys
#
# `lambda`: the functions, for those who deploy container images. The check of the certificates is the same image with the
# command `certificates.handler`.
#
#   docker build --platform linux/arm64 --provenance=false --target lambda -t flow-security-keys-lambda .

# The build's output is JavaScript, the same for every platform.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM public.ecr.aws/lambda/nodejs:24 AS lambda
COPY --from=build /build/dist/lambda ${LAMBDA_TASK_ROOT}/
CMD ["index.handler"]

FROM gcr.io/distroless/nodejs24-debian12:nonroot AS service
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/dist/cli ./
# nonroot
USER 65532
EXPOSE 8080
HEALTHCHECK CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["/nodejs/bin/node", "flow-keys.js"]
CMD ["serve", "--keys", "/keys", "--host", "0.0.0.0"]
