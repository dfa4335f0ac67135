"""A server whose answers come from child processes started with close_fds, which is vfork and close_range.

usage: children.py PORT
"""
import http.server
import subprocess
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # as many ways as the subprocess module has: posix_spawn or vfork, pipes, a shell
        first = subprocess.run(["echo", "child"], close_fds=True, stdout=subprocess.PIPE, check=True).stdout
        second = subprocess.run("echo says", shell=True, capture_output=True, check=True).stdout
        third = subprocess.run([sys.executable, "-c", "import socket; print('hello')"], capture_output=True,
                               start_new_session=True, check=True).stdout
        body = b" ".join(part.strip() for part in (first, second, third)) + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
