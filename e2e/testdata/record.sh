#!/bin/sh
# Keeps what a hook reads on stdin: one file per call in the directory $1.
exec cat >"$1/$$.json"
