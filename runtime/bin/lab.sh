# shellcheck shell=bash
# The verb attack-lab: real attacks on real servers, with and without Ringfence. Sourced by ./ringfence.

help_attack_lab() { lab_python --help; }

# Debian's, for its matplotlib, rather than a version manager's
lab_python() { PATH=/usr/bin:$PATH PYTHONDONTWRITEBYTECODE=1 python3 "$ROOT/itest/attacks/lab.py" "$@"; }

cmd_attack_lab() {
    need_programs attack-lab
    build_if_missing
    lab_python "$@"
}
