#!/usr/bin/env bash
# A short soak. The machine may have other load: what is asserted of times is far from what is measured.
exec "$(dirname -- "$0")/../soak.sh" 8 40
