"""The ways to a server: native, behind Ringfence, behind a proxy. Each gives a port that leads to the same server program."""
import os, resource, subprocess

from processes import await_port, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RINGFENCE = f"{ROOT}/ringfence"
NATIVE, LINUX, NETBSD = "native", "ringfence", "ringfence netbsd"
HAPROXY_TCP, HAPROXY_HTTP, NGINX_PROXY = "haproxy TCP", "haproxy HTTP", "nginx proxy"
RINGFENCES = {LINUX: "linux", NETBSD: "netbsd"}
TCP = [NATIVE, LINUX, NETBSD, HAPROXY_TCP]
HTTP = [NATIVE, LINUX, NETBSD, HAPROXY_TCP, HAPROXY_HTTP, NGINX_PROXY]

HAPROXY = """
global
  maxconn {connections}
  nbthread {threads}
defaults
  mode {mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  {reuse}
  server s 127.0.0.1:{backend}
"""
NGINX_AS_PROXY = """
worker_processes {threads}; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log; worker_rlimit_nofile 65536;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 100000000; proxy_temp_path {dir}/p;
  client_body_temp_path {dir}/b; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  upstream u {{ server 127.0.0.1:{backend}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }} }} }}
"""


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


class Gateways:
    """One gateway for each ABI and CPU set, started when it is first wanted."""

    def __init__(self, top):
        self.top = top
        self.up = {}

    def state(self, abi, on, heap="128m"):
        key = (abi, tuple(sorted(on)), heap)
        if key not in self.up:
            state = f"{self.top}/{len(self.up)}"
            environment = dict(os.environ, RINGFENCE_STATE=state, RINGFENCE_JAVA_OPTS=f"{os.environ.get('RINGFENCE_JAVA_OPTS', '')} -Xmx{heap}")
            self.up[key] = state
            subprocess.run([RINGFENCE, "up", "--abi", abi], env=environment, check=True, stderr=subprocess.DEVNULL,
                           preexec_fn=lambda: os.sched_setaffinity(0, on))
        return self.up[key]

    def down(self):
        for state in self.up.values():
            subprocess.run([RINGFENCE, "down"], env=dict(os.environ, RINGFENCE_STATE=state), stderr=subprocess.DEVNULL)
        self.up = {}


class Way:
    """One variant at work: the port to load, and the processes whose CPU time counts."""

    def __init__(self, name, port, roots, state=None):
        self.name, self.port, self.roots, self.state = name, port, roots, state


def open_ways(names, server, processes, gateways, on, top):
    """Starts `server(port, directory)`, which gives a command, natively and behind Ringfence, and proxies before the native one."""
    ways, backend, backend_process = {}, 0, None
    for name in names:
        port = free_port()
        home = f"{top}/{name.replace(' ', '-')}-{port}"
        os.mkdir(home)
        os.chmod(home, 0o755)
        if name in RINGFENCES:
            state = gateways.state(RINGFENCES[name], on)
            process = processes.start([RINGFENCE, "run", "--name", "bench", "--"] + server(port, home), on,
                                      env=dict(os.environ, RINGFENCE_STATE=state))
            with open(f"{state}/gateway.pid") as f:
                ways[name] = Way(name, port, [process.pid, int(f.read())], state)
        elif name == NATIVE:
            process = processes.start(server(port, home), on)
            backend, backend_process = port, process
            ways[name] = Way(name, port, [process.pid])
        else:
            values = dict(port=port, backend=backend, threads=len(on), dir=home, connections=resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 200, mode="http" if name == HAPROXY_HTTP else "tcp",
                          reuse="http-reuse always" if name == HAPROXY_HTTP else "")
            if name == NGINX_PROXY:
                command = ["nginx", "-c", write(f"{home}/nginx.conf", NGINX_AS_PROXY.format(**values)), "-e", f"{home}/error.log"]
            else:
                command = ["haproxy", "-db", "-f", write(f"{home}/haproxy.cfg", HAPROXY.format(**values))]
            process = processes.start(command, on)
            ways[name] = Way(name, port, [process.pid, backend_process.pid])
        await_port(port, process, processes.log)
    return ways
