#!/bin/sh
# What must be there before the processes start; does only what is missing, and is run again at every upgrade.
set -eu
anwang migrate
if [ -s "$ANWANG_KEY_FILE" ] && [ -s "$ANWANG_GATE_KEY_FILE" ] && [ -s "$ANWANG_ANCHOR_KEY_FILE" ]; then
    echo "the keys are there"
else
    anwang keys init
fi
anwang topics
anwang kafka accounts /var/lib/anwang/kafka-accounts
