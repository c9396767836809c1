#!/usr/bin/env bash
# VitePress and TypeDoc, with the TypeScript that TypeDoc needs. They build the documentation as a site.
set -euo pipefail
cd "$(dirname "$0")"
npm ci
