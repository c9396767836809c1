#!/usr/bin/env bash
# The AWS that the tests talk to, schemathesis, SAM, the AWS command line, and linters, into .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 -m venv .venv
.venv/bin/pip install --quiet --requirement test/requirements.txt
# In a place of their own, as they need other versions of what those need.
python3 -m venv .venv/tools
.venv/tools/bin/pip install --quiet --requirement test/deployment/requirements.txt
