"""The servers that are attacked: Debian's configurations, of which only port, document root and places of logs are changed."""
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = shutil.which("python3", path="/usr/bin:" + os.environ["PATH"]) or sys.executable


def make_site(directory):
    """index.html of 10 KiB, page of 200 KiB, large of 10 MiB."""
    www = os.path.join(directory, "www")
    os.makedirs(www)
    for name, size in (("index.html", 10 << 10), ("page", 200 << 10), ("large", 10 << 20)):
        with open(os.path.join(www, name), "wb") as file:
            file.write(os.urandom(size))
    for path, _, _ in os.walk(directory):
        os.chmod(path, 0o755)
    return www


def _rewrite(path, *changes):
    with open(path) as file:
        text = file.read()
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text, flags=re.M)
    with open(path, "w") as file:
        file.write(text)


def _apache(mpm):
    def command(site, www, port):
        etc = os.path.join(site, f"apache2-{mpm}")
        if os.path.exists(etc):
            shutil.rmtree(etc)
        shutil.copytree("/etc/apache2", etc, symlinks=True)
        enabled = os.path.join(etc, "mods-enabled")
        for name in os.listdir(enabled):
            if name.startswith(("mpm_", "php")):  # a PHP that somebody has installed is not for every mpm
                os.unlink(os.path.join(enabled, name))
        for name in (f"mpm_{mpm}.load", f"mpm_{mpm}.conf"):
            os.symlink(f"../mods-available/{name}", os.path.join(enabled, name))
        _rewrite(os.path.join(etc, "ports.conf"), (r"^Listen 80$", f"Listen {port}"))
        _rewrite(os.path.join(etc, "sites-available", "000-default.conf"), (r"\*:80", f"*:{port}"), (r"/var/www/html", www))
        _rewrite(os.path.join(etc, "apache2.conf"), (r"<Directory /var/www/>", f"<Directory {www}/>"))
        environment = {"APACHE_RUN_USER": "www-data", "APACHE_RUN_GROUP": "www-data", "APACHE_RUN_DIR": etc,
                       "APACHE_LOCK_DIR": etc, "APACHE_LOG_DIR": etc, "APACHE_PID_FILE": os.path.join(etc, "pid")}
        return ["env", *(f"{k}={v}" for k, v in environment.items()), "apache2", "-d", etc, "-DFOREGROUND"]
    return command


def _nginx(site, www, port):
    etc = os.path.join(site, "nginx")
    if os.path.exists(etc):
        shutil.rmtree(etc)
    shutil.copytree("/etc/nginx", etc, symlinks=True)
    _rewrite(os.path.join(etc, "nginx.conf"), (r"/etc/nginx/", etc + "/"), (r"/run/nginx.pid", etc + "/pid"),
             (r"/var/log/nginx/", etc + "/"))
    default = os.path.join(etc, "sites-enabled", "default")
    os.unlink(default)
    shutil.copy(os.path.join(etc, "sites-available", "default"), default)
    _rewrite(default, (r"listen 80 default_server", f"listen {port} default_server"), (r"listen \[::\]:80 .*", ""),
             (r"/var/www/html", www))
    return ["nginx", "-e", os.path.join(etc, "error.log"), "-c", os.path.join(etc, "nginx.conf"), "-g", "daemon off;"]


def _lighttpd(site, www, port):
    configuration = os.path.join(site, "lighttpd.conf")
    shutil.copy("/etc/lighttpd/lighttpd.conf", configuration)
    _rewrite(configuration, (r"^server.port .*", f"server.port = {port}"), (r'"/var/www/html"', f'"{www}"'),
             (r'"/var/log/lighttpd/error.log"', f'"{site}/lighttpd.log"'), (r'"/run/lighttpd.pid"', f'"{site}/lighttpd.pid"'),
             (r"^include_shell .*use-ipv6.*", ""))
    os.chmod(site, 0o777)  # it opens its log as www-data
    return ["lighttpd", "-D", "-f", configuration]


def _python(site, www, port):
    return [PYTHON, "-m", "http.server", str(port), "--directory", www]


def _java(site, www, port):
    return ["java", "-Xmx256m", os.path.join(HERE, "PageServer.java"), str(port), www]


# name: how its command line is made from directory of the run, document root and port
SERVERS = {"apache-prefork": _apache("prefork"), "apache-event": _apache("event"), "nginx": _nginx, "lighttpd": _lighttpd,
           "python": _python, "java": _java}
