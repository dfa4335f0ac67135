# shellcheck shell=bash
# Building. Sourced by ./ringfence.

help_build() {
    cat <<'EOF'
usage: ./ringfence build [--pages]

Builds the native parts (make) and the bundles (Maven, without tests), and fills runtime/bundle and runtime/lib.
What is up to date is not built again. --pages then writes docs/configuration.md, and new keys of runtime/conf/*.cfg, from
what the bundles say of themselves; a test fails if they are not current.
EOF
}

cmd_build() {
    [ $# -eq 0 ] || [ "$*" = --pages ] || usage_error "build: '$1' is not understood: './ringfence build --help' shows the options"
    need_programs build
    build_all
    if [ "${1:-}" = --pages ]; then
        find_java
        (cd "$ROOT" && "$JAVA" cnf/ConfigurationPages.java) || die "docs/configuration.md could not be written: see the message above"
    fi
}

# Two builds at a time would write the same files; the second waits for the first.
build_all() {
    (
        flock 8
        find_java
        say "building the native parts (make -C native)"
        make --no-print-directory -s -C "$ROOT/native" >&2 || die "make -C native failed: see the messages above"
        say "building the bundles (mvn package); the first time Maven fetches its libraries"
        cd "$ROOT" || exit
        mvn -q -B -T1 package -DskipTests >&2 || die "mvn package failed: see the messages above"
        note_java
    ) 8<"$ROOT/pom.xml"
}

# What must be there to start; prints the first that is not.
missing_artefact() {
    local file
    # shellcheck disable=SC2016 # the variable is the framework's
    for file in "$NATIVE"/{libringfence.so,libringfence-loop.so,ringfence-ins} "$RUNTIME/lib/org.apache.felix.main.jar" \
        $(sed -n 's|.*file:${ringfence.runtime}\(/bundle/[^"]*\)".*|runtime\1|p' "$RUNTIME/conf/config.properties"); do
        case $file in
            /*) ;;
            *) file=$ROOT/$file ;;
        esac
        if [ ! -e "$file" ]; then
            echo "$file"
            return
        fi
    done
}

build_if_missing() {
    local missing
    missing=$(missing_artefact)
    [ -z "$missing" ] && return
    say "${missing#"$ROOT"/} is not there yet"
    need_programs build
    build_all
    missing=$(missing_artefact)
    [ -z "$missing" ] || die "$missing: still missing after the build: run 'make -C native && mvn package' and look at its output"
}
