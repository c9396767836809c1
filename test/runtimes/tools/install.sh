#!/usr/bin/env bash
# Node 22, 24 and 26, Bun, Deno and edge-runtime, from npm, on which test/runtimes runs the suite.
set -euo pipefail
cd "$(dirname "$0")"
npm ci
