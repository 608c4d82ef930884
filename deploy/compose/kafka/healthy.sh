#!/bin/bash
# Asks the broker for its metadata, without a second JVM: 0 once it counts itself among those that serve.
set -eu
exec 3<>/dev/tcp/127.0.0.1/9095
# Metadata, version 1, correlation id 1, no client id, no topics. The answer: size, correlation id, brokers.
printf '\0\0\0\016\0\003\0\001\0\0\0\001\377\377\0\0\0\0' >&3
answer="$(head -c 12 <&3 | od -An -v -tx1 | tr -d ' \n')"
[ "${#answer}" -eq 24 ] && [ "${answer:16:8}" != 00000000 ]
