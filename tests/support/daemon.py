"""The program beside an Engine, and a reverse proxy before its pages."""

import http.client
import http.server
import json
import os
import re
import threading
import time

HOST = "127.0.0.1"


class SimulatedEngine:
    """tests/simulated_engine, as a program."""

    def __init__(self, programs, program, containers=20, events_per_second=0):
        self.socket_path = os.path.join(programs.directory, f"simulated-{len(programs.all)}.sock")
        programs.start("simulated_engine", [
            program, "--socket", self.socket_path, "--containers", str(containers),
            "--events-per-second", str(events_per_second)]).wait_for("(containers) at ")


class Daemon:
    def __init__(self, programs, program, engines, port=0, launcher=(), **sections):
        """`engines` is the path of a socket, or a dictionary of names and such paths."""
        name = f"tidegauge-{len(programs.all)}"
        config = {"web": {"listen_address": [f"{HOST}:{port}"], **sections.pop("web", {})},
                  "container_monitor": {"interval": "1s", **sections.pop("container_monitor", {})},
                  **sections}
        if isinstance(engines, dict):
            config["endpoints"] = [{"name": endpoint, "socket_path": f"unix://{path}"}
                                   for endpoint, path in engines.items()]
        else:
            config["pool"] = {"socket_path": f"unix://{engines}", **config.get("pool", {})}
        config_path = os.path.join(programs.directory, f"{name}.yaml")
        with open(config_path, "w", encoding="utf-8") as file:
            json.dump(config, file)  # which is YAML as well
        self.process = programs.start(name, [*launcher, program, "--config", config_path])
        self.port = int(self.process.wait_for(r'msg="tidegauge has started".* port=(\d+)'))
        self.url = f"http://{HOST}:{self.port}/"

    def get(self, target, **headers):
        return get(self.port, target, headers)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


def get(port, target, headers=None):
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    connection.request("GET", target, headers=headers or {})
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def has_series(page, metric, value, /, **labels):
    """Whether a page of metrics has such a series, whatever its other labels are. `value` is a
    pattern."""
    series = re.findall(rf"^{metric}(?:{{(.*)}})? {value}$", page, re.MULTILINE)
    return any(all(f'{label}="{text}"' in one for label, text in labels.items()) for one in series)


class Proxy:
    """A web server that has the daemon's pages below `prefix` and nothing else, as nginx would. It
    remembers what it was asked for, and when, by the steady clock."""

    def __init__(self, daemon, prefix="/monitoring/host-1/"):
        self.daemon = daemon
        self.prefix = prefix
        self.asked = []  # pairs of time and target
        self.refused = []  # targets outside the prefix
        self.is_broken = False  # answers 502, as where the daemon is away
        self.server = http.server.ThreadingHTTPServer((HOST, 0), ProxyHandler)
        self.server.proxy = self
        self.url = f"http://{HOST}:{self.server.server_port}{prefix}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self):
        return len(self.asked)

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """The proxy remembers instead."""

    def do_GET(self):
        proxy = self.server.proxy
        if not self.path.startswith(proxy.prefix):
            proxy.refused.append(self.path)
            self.answer(404, {}, b"not the daemon's\n")
            return
        proxy.asked.append((time.monotonic(), self.path))
        if proxy.is_broken:
            self.answer(502, {"Content-Type": "text/html"}, b"<h1>Bad Gateway</h1>\n")
            return
        kept = {name: self.headers[name] for name in self.headers
                if name.lower() not in ("connection", "host")}
        answer = get(proxy.daemon.port, "/" + self.path[len(proxy.prefix):], kept)
        self.answer(answer.status, {
            name: value for name, value in answer.headers.items()
            if name.lower() not in ("connection", "transfer-encoding", "content-length")},
            answer.body)

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
