"""A Docker Engine that says what a test tells it to, however strange, on a Unix socket.

    engine = ScriptedEngine("/tmp/engine.sock", [Container("web"), Container("<b>", state="dead")])
    engine.change("web", health="unhealthy")
    engine.die("web", exit_code=137, out_of_memory=True)
    engine.go_down()

The simulated Engine (tests/simulated_engine) has a life of its own and behaves badly on command, but
its texts are well-behaved. This one has the replies of a real Engine (tests/data) with other texts and
numbers in them, and knows no more of the API than the daemon asks for. Thread-safe.
"""

import copy
import dataclasses
import datetime
import hashlib
import http.server
import json
import math
import os
import pathlib
import queue
import re
import socket
import socketserver
import struct
import threading
import time
import urllib.parse

RECORDINGS = pathlib.Path(__file__).resolve().parents[1] / "data" / "docker-29-cgroup1"
MEBIBYTE = 1024 * 1024
NO_TIME = "0001-01-01T00:00:00Z"
HAS_PROCESSES = ("running", "paused")


@dataclasses.dataclass
class Load:
    """On average, and by which part it goes up and down within `period` seconds."""
    cores: float = 0.2
    memory: float = 100 * MEBIBYTE
    receive: float = 20_000.0  # bytes a second, as those below
    transmit: float = 80_000.0
    read: float = 4_000.0
    write: float = 50_000.0
    processes: int = 4
    waves: float = 0.0
    period: float = 240.0

    def total(self, rate, seconds):
        """What has come together at this rate."""
        pace = 2 * math.pi / self.period
        return int(rate * (seconds + self.waves / pace * (1 - math.cos(pace * seconds))))

    def now(self, value, seconds):
        return int(value * (1 + self.waves / 16 * math.sin(2 * math.pi * seconds / self.period)))


@dataclasses.dataclass
class Container:
    name: str
    state: str = "running"
    image: str = "example/app:1.0"
    labels: dict = dataclasses.field(default_factory=dict)
    health: str = ""  # "starting", "healthy", "unhealthy"; empty: no health check
    health_output: str = "ok\n"
    failing_streak: int = 0
    exit_code: int = 0
    error: str = ""  # why it could not be started
    oom_killed: bool = False
    restart_count: int = 0
    restart_policy: str = "no"
    memory_limit: int = 0  # as below, 0 is none
    nano_cpus: int = 0
    pids_limit: int = 0
    network_mode: str = "bridge"
    interface: str = "eth0"
    command: str = "/app/serve"
    log: tuple = ()  # lines; those that begin with "!" are of standard error
    age: float = 3_600.0  # seconds since it was started
    number: int = 0  # makes containers of the same name different ones
    load: Load = dataclasses.field(default_factory=Load)

    def __post_init__(self):
        self.id = hashlib.sha256(f"{self.name} {self.number}".encode()).hexdigest()
        self.created_at = time.time() - self.age
        self.started_at = self.created_at if self.state != "created" else None
        ended = self.started_at is not None and self.state not in HAS_PROCESSES
        self.finished_at = time.time() - self.age / 2 if ended else None


def in_project(project, service, **more):
    """Labels of Docker Compose."""
    return {"com.docker.compose.project": project, "com.docker.compose.service": service,
            "com.docker.compose.container-number": "1", **more}


class ScriptedEngine:
    def __init__(self, socket_path, containers=(), name="scripted"):
        self.socket_path = socket_path
        self.name = name
        self.lock = threading.Lock()
        self.containers = {container.id: container for container in containers}
        self.past_events = []
        self.listeners = []
        self.sockets = set()
        self.server = None
        self.come_up()

    # --- what happens to it -----------------------------------------------------------------------

    def come_up(self):
        self.server = Server(self)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def go_down(self):
        """Nothing listens any more, and every connection is closed."""
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.socket_path)
        with self.lock:
            sockets, self.listeners = list(self.sockets), []
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the daemon was faster

    # --- what happens to containers ---------------------------------------------------------------

    def find(self, name):
        return next(one for one in self.containers.values() if one.name == name)

    def add(self, container):
        with self.lock:
            self.containers[container.id] = container
        self.tell(container, "create")
        if container.state == "running":
            self.tell(container, "start")

    def remove(self, name):
        container = self.find(name)
        with self.lock:
            del self.containers[container.id]
        self.tell(container, "destroy")

    def change(self, name, **changes):
        """What an inspect shows from now on; the event `update` makes the daemon look."""
        container = self.find(name)
        for key, value in changes.items():
            setattr(container, key, value)
        self.tell(container, "update")

    def die(self, name, exit_code=0, out_of_memory=False, then="exited"):
        container = self.find(name)
        container.state, container.exit_code = then, exit_code
        container.oom_killed, container.finished_at = out_of_memory, time.time()
        if out_of_memory:
            self.tell(container, "oom")
        self.tell(container, "die", exitCode=str(exit_code))

    def start(self, name):
        container = self.find(name)
        container.state, container.started_at = "running", time.time()
        container.oom_killed, container.exit_code = False, 0
        self.tell(container, "start")

    def tell(self, container, action, **attributes):
        now = time.time_ns()
        event = {"Type": "container", "Action": action,
                 "Actor": {"ID": container.id, "Attributes": {
                     **container.labels, "image": container.image, "name": container.name,
                     **attributes}},
                 "scope": "local", "time": now // 10 ** 9, "timeNano": now}
        with self.lock:
            self.past_events.append(event)
            listeners = list(self.listeners)
        for listener in listeners:
            listener.put(event)

    def follow_events(self, since):
        """A queue of events, with those from `since` on, in seconds, at its beginning."""
        listener = queue.Queue()
        with self.lock:
            for event in self.past_events:
                if since is not None and event["timeNano"] >= since * 1e9:
                    listener.put(event)
            self.listeners.append(listener)
        return listener


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, engine):
        self.engine = engine
        super().__init__(engine.socket_path, Handler)

    def handle_error(self, request, client_address):
        """The daemon may leave at any time."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Docker/29.7.2"

    def setup(self):
        super().setup()
        with self.server.engine.lock:
            self.server.engine.sockets.add(self.connection)

    def finish(self):
        with self.server.engine.lock:
            self.server.engine.sockets.discard(self.connection)
        super().finish()

    def address_string(self):
        return "daemon"

    def log_message(self, *_):
        """Its log would be of no use."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        engine = self.server.engine
        target = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(target.query))
        path = re.sub(r"^/v1\.\d+", "", target.path)
        about = re.fullmatch(r"/containers/([0-9a-f]{64})/(json|stats|logs|top)", path)
        if path == "/_ping":
            self.answer(b"OK", "text/plain")
        elif path == "/version":
            self.answer(recorded("version.json"))
        elif path == "/info":
            self.answer(info(engine))
        elif path == "/containers/json":
            with engine.lock:
                containers = list(engine.containers.values())
            self.answer([list_entry(one) for one in containers
                         if query.get("all") in ("1", "true") or one.state in HAS_PROCESSES])
        elif path == "/events":
            since = query.get("since")
            self.stream_events(engine.follow_events(float(since) if since else None))
        elif about and about[1] in engine.containers:
            self.answer_about(engine.containers[about[1]], about[2], query)
        else:
            self.answer({"message": f"page not found or no such container: {path}"}, status=404)

    def answer_about(self, container, call, query):
        if call == "json":
            self.answer(inspect(container, with_size="size" in query))
        elif call == "stats":
            self.answer(stats(container))
        elif call == "top":
            self.answer({"Titles": ["PID", "CMD"], "Processes": [["1", container.command]]})
        else:
            lines = container.log[-int(query["tail"]):] if query.get("tail", "all") != "all" \
                else container.log
            self.answer(b"".join(map(log_frame, lines)),
                        "application/vnd.docker.multiplexed-stream")

    def answer(self, body, kind="application/json", status=200):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Api-Version", "1.55")
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream_events(self, events):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        while True:
            line = json.dumps(events.get()).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))


# --- the replies ----------------------------------------------------------------------------------

recordings = {}


def recorded(name):
    """A copy, to be changed."""
    if name not in recordings:
        recordings[name] = json.loads((RECORDINGS / name).read_text(encoding="utf-8"))
    return copy.deepcopy(recordings[name])


def timestamp(seconds):
    if seconds is None:
        return NO_TIME
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc
                                           ).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def info(engine):
    return {**recorded("info.json"), "Name": engine.name, "Containers": len(engine.containers),
            "SystemTime": timestamp(time.time())}


def list_entry(container):
    return {"Id": container.id, "Names": ["/" + container.name], "Image": container.image,
            "ImageID": "sha256:" + "1" * 64, "Command": container.command,
            "Created": int(container.created_at), "Ports": [], "Labels": container.labels,
            "State": container.state, "Status": container.state,
            "HostConfig": {"NetworkMode": container.network_mode}, "Mounts": []}


def inspect(container, with_size=False):
    reply = recorded("inspect-web.json")
    reply.update({"Id": container.id, "Name": "/" + container.name, "Path": container.command,
                  "Created": timestamp(container.created_at),
                  "RestartCount": container.restart_count, "State": state(container)})
    reply["Config"].update({"Image": container.image, "Labels": container.labels,
                            "Hostname": container.id[:12]})
    reply["HostConfig"].update({
        "Memory": container.memory_limit, "MemorySwap": 2 * container.memory_limit,
        "NanoCpus": container.nano_cpus, "CpuQuota": 0, "CpuPeriod": 0,
        "PidsLimit": container.pids_limit or None, "NetworkMode": container.network_mode,
        "RestartPolicy": {"Name": container.restart_policy, "MaximumRetryCount": 0}})
    if with_size:
        reply.update({"SizeRw": 12_345_678, "SizeRootFs": 98_765_432})
    return reply


def state(container):
    """Without a number of its process: that of this machine would be another's."""
    members = {"Status": container.state,
               "Running": container.state in ("running", "paused", "restarting"),
               "Paused": container.state == "paused",
               "Restarting": container.state == "restarting",
               "OOMKilled": container.oom_killed, "Dead": container.state == "dead", "Pid": 0,
               "ExitCode": container.exit_code, "Error": container.error,
               "StartedAt": timestamp(container.started_at),
               "FinishedAt": timestamp(container.finished_at)}
    if container.health:
        checked_at = timestamp(time.time())
        members["Health"] = {
            "Status": container.health, "FailingStreak": container.failing_streak,
            "Log": [{"Start": checked_at, "End": checked_at, "Output": container.health_output,
                     "ExitCode": 1 if container.failing_streak else 0}]}
    return members


def stats(container):
    if container.state not in HAS_PROCESSES:
        return {**recorded("stats-oneshot-exited.json"), "id": container.id,
                "name": "/" + container.name}
    load, now = container.load, time.time()
    seconds = now - container.started_at
    reply = recorded("stats-oneshot-web.json")
    reply.update({"id": container.id, "name": "/" + container.name, "read": timestamp(now)})
    used = load.total(load.cores * 1e9, seconds)
    reply["cpu_stats"]["cpu_usage"].update({
        "total_usage": used, "percpu_usage": [used // 2, used - used // 2],
        "usage_in_usermode": used // 2, "usage_in_kernelmode": used // 4})
    memory = load.now(load.memory, seconds)
    reply["memory_stats"].update({"usage": memory, "max_usage": memory,
                                  "limit": container.memory_limit or 16 * 1024 * MEBIBYTE})
    reply["memory_stats"]["stats"].update({"total_inactive_file": memory // 50,
                                           "total_rss": memory // 2})
    reply["pids_stats"] = {"current": load.processes}
    if container.pids_limit:
        reply["pids_stats"]["limit"] = container.pids_limit
    received, sent = load.total(load.receive, seconds), load.total(load.transmit, seconds)
    reply["networks"] = {container.interface: {
        "rx_bytes": received, "rx_packets": received // 800, "rx_errors": 0, "rx_dropped": 0,
        "tx_bytes": sent, "tx_packets": sent // 800, "tx_errors": 0, "tx_dropped": 0}}
    for row in reply["blkio_stats"]["io_service_bytes_recursive"]:
        row["value"] = load.total({"Read": load.read, "Write": load.write}.get(row["op"], 0),
                                  seconds)
    return reply


def log_frame(line):
    source, text = (2, line[1:]) if line.startswith("!") else (1, line)
    data = text.encode() + b"\n"
    return struct.pack(">BxxxI", source, len(data)) + data
