# shellcheck shell=bash
# The programs a verb needs, and how they are had. Sourced by ./ringfence.

# Servers are in sbin, which is not on everybody's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Prints "program package" lines for a verb. What only single tests need is in optional_programs.
required_programs() {
    echo 'mvn maven
cc gcc
make make
flock util-linux
unshare util-linux
taskset util-linux'
    [ "$1" = build ] && return
    echo 'nginx nginx
curl curl
ip iproute2'
}

optional_programs() {
    echo 'apache2 apache2
redis-server redis-server
redis-benchmark redis-tools
iperf3 iperf3
python3 python3
dig bind9-dnsutils
dnsmasq dnsmasq-base
node nodejs
sshd openssh-server
ssh openssh-client
ab apache2-utils
haproxy haproxy
memcached memcached
socat socat
caddy caddy
vsftpd vsftpd
git git
pg_ctlcluster postgresql
nsenter util-linux
valgrind valgrind'
}

bench_programs() {
    echo 'haproxy haproxy
wrk wrk
ab apache2-utils
apache2 apache2
redis-server redis-server
redis-benchmark redis-tools
iperf3 iperf3
/usr/bin/python3 python3
/usr/share/doc/python3-matplotlib python3-matplotlib'
}

lab_programs() {
    echo 'slowhttptest slowhttptest
hping3 hping3
wrk wrk
siege siege
ab apache2-utils
haproxy haproxy
apache2 apache2
ss iproute2
/usr/bin/python3 python3
/usr/share/doc/python3-matplotlib python3-matplotlib'
}

# Prints the packages of those programs on standard input that are not there, each once.
missing_packages() {
    local program package
    while read -r program package; do
        command -v "$program" >/dev/null || [ -d "$program" ] || echo "$package"
    done | sort -u
}

jdk_missing() {
    local home=${JAVA_HOME:-}
    command -v "${home:+$home/bin/}javac" >/dev/null || return 0
    ! (find_java) 2>/dev/null
}

jdk_package() {
    # Ubuntu 22.04's default is 11; Debian 13 has no 17 but a newer default
    if apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
        echo openjdk-17-jdk-headless
    else
        echo default-jdk-headless
    fi
}

# need_programs build|demo|test|bench|attack-lab: installs what is missing, or says how to and ends.
need_programs() {
    local -a packages wanted=()
    mapfile -t packages < <(required_programs "$1" | missing_packages)
    # the compiler's headers have no program to look for
    if ! command -v cc >/dev/null || ! echo '#include <stdlib.h>' | cc -E - >/dev/null 2>&1; then
        packages+=(libc6-dev)
    fi
    jdk_missing && packages+=("$(jdk_package)")
    case $1 in
        test) mapfile -t wanted < <({ optional_programs && bench_programs && lab_programs; } | missing_packages) ;;
        bench) mapfile -t wanted < <(bench_programs | missing_packages) ;;
        attack-lab) mapfile -t wanted < <(lab_programs | missing_packages) ;;
    esac
    [ $((${#packages[@]} + ${#wanted[@]})) -gt 0 ] || return 0

    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        if [ ${#packages[@]} -gt 0 ]; then
            die "missing programs: install them with: sudo apt-get install -y ${packages[*]} ${wanted[*]} (or your system's packages of these names)"
        fi
        say "some of it will be skipped; to run that too: sudo apt-get install -y ${wanted[*]}"
        return
    fi
    say "installing with apt-get: ${packages[*]} ${wanted[*]}"
    install_packages "${packages[@]}" "${wanted[@]}"
    mapfile -t packages < <(required_programs "$1" | missing_packages)
    if [ ${#packages[@]} -gt 0 ]; then
        die "still missing after apt-get: ${packages[*]}: install them by hand and try again"
    fi
}

# Installs packages without starting, or enabling, the services in them.
install_packages() {
    local policy=/usr/sbin/policy-rc.d own_policy=false package
    if [ ! -e $policy ]; then
        # invoke-rc.d and deb-systemd-invoke ask this file; 101 means "do not start" (invoke-rc.d(8))
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 0755 $policy
        own_policy=true
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    # on a machine whose lists are current the first attempt is enough
    apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1 \
        || { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@" >/dev/null; } \
        || say "apt-get install failed: see the messages above"
    if $own_policy; then
        rm -f $policy
        trap - EXIT
    fi
    if [ -d /run/systemd/system ]; then
        for package in "$@"; do
            case $package in
                nginx | apache2 | redis-server | iperf3 | haproxy | openssh-server) systemctl --quiet disable "${package/openssh-server/ssh}" 2>/dev/null || true ;;
            esac
        done
    fi
}
