"""The server programs that are measured: each function gives the command for a port and a directory of its own."""
import os, shutil

from variants import write

NGINX = """
worker_processes {workers}; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log; worker_rlimit_nofile 65536;
events {{ worker_connections {connections}; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 600;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {www}; }} }}
"""
APACHE = """
ServerName localhost
ServerRoot {dir}
PidFile {dir}/httpd.pid
DefaultRuntimeDir {dir}
ErrorLog {dir}/error_log
LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so
LoadModule authz_core_module {modules}/mod_authz_core.so
Listen 127.0.0.1:{port}
StartServers 8
MinSpareServers 8
MaxRequestWorkers 128
ServerLimit 128
ThreadsPerChild {threads}
DocumentRoot {www}
"""


def nginx(www, workers=2, connections=16384):
    def command(port, home):
        text = NGINX.format(workers=workers, connections=connections, dir=home, port=port, www=www)
        return ["nginx", "-c", write(f"{home}/nginx.conf", text), "-e", f"{home}/error.log"]
    return command


def apache(www, mpm):
    modules = "/usr/lib/apache2/modules"
    if not (shutil.which("apache2") and os.path.exists(f"{modules}/mod_mpm_{mpm}.so")):
        return None

    def command(port, home):
        text = APACHE.format(mpm=mpm, dir=home, modules=modules, port=port, www=www, threads=16)
        if mpm == "event":
            text = text.replace("MinSpareServers 8\n", "").replace("ServerLimit 128", "ServerLimit 8")
        else:
            text = text.replace("ThreadsPerChild 16\n", "")
        return ["apache2", "-DFOREGROUND", "-f", write(f"{home}/httpd.conf", text)]
    return command


def redis(port, home):
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", home]


def calls(program):
    return lambda port, home: [program, "serve", str(port)]


def iperf3(port, home):
    return ["iperf3", "-s", "-B", "127.0.0.1", "-p", str(port)]
