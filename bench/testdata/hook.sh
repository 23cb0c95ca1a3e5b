#!/bin/bash
# The straightforward way to record a call: one line of time, session, tool and payload.
payload=$(cat)
now=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
who=$(jq -r '"\(.session_id[:8]) \(.tool_name)"' <<<"$payload")
echo "$now $who $payload" >>"$1"
