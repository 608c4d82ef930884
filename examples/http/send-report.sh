#!/bin/sh
# Sends a report, retries with the same key until it is taken, and asks what became of it.
#
#   export REPORT_TOKEN=...        # the token of the source
#   sh send-report.sh http://127.0.0.1:8113 C-2026-0088 report.json
#
# The key stands for the report: the same key with the same report counts once, however often it is sent.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: sh send-report.sh URL KEY FILE" >&2
    exit 1
fi
url=$1 key=$2 file=$3
if [ -z "${REPORT_TOKEN:-}" ] || [ ! -r "$file" ]; then
    echo "REPORT_TOKEN is not set, or $file cannot be read" >&2
    exit 1
fi

# The token goes in by standard input: what stands on a command line, others on the machine can read.
with_token() {
    printf 'Authorization: Bearer %s\n' "$REPORT_TOKEN" | curl --silent --show-error --fail-with-body --header @- "$@"
    echo
}

answer=$(with_token --retry 10 --retry-max-time 60 --retry-connrefused \
    --header 'Content-Type: application/cloudevents+json' --header "Idempotency-Key: $key" \
    --data-binary "@$file" "$url/v1/reports") || {
    echo "$answer" >&2
    echo "not taken: keep the report, and send it again with the same key" >&2
    exit 1
}
echo "$answer"

receipt=$(printf '%s' "$answer" | sed -n 's/.*"receipt_id": *"\([^"]*\)".*/\1/p')
with_token "$url/v1/receipts/$receipt"
