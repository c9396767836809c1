#!/usr/bin/env bash
# pnpm, Yarn 1 and 4, Vite and webpack, from npm, with which test/ecosystems takes the packed tarball.
set -euo pipefail
cd "$(dirname "$0")"
npm ci
