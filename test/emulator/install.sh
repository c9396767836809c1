#!/usr/bin/env bash
# AWS's Runtime Interface Emulator (Go) and Client (npm), with which the emulator tests run the function.
set -euo pipefail
cd "$(dirname "$0")"
npm ci
GOBIN="$PWD/bin" go install github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d
