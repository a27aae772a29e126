"""A private dockerd with a busybox image, as tests/support/real_engine.h has it. Needs root."""

import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

DEADLINE = 90.0  # seconds, for its start


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    def __init__(self, guard):
        """`guard` is the program engine_guard."""
        self.directory = tempfile.mkdtemp(prefix="tidegauge-engine-", dir="/var/tmp")
        # In a directory with nothing else, which a container may mount as it would /var/run.
        self.socket = os.path.join(self.directory, "run", "docker.sock")
        os.mkdir(os.path.dirname(self.socket))
        os.chmod(self.directory, 0o711)
        self.configure({})
        in_directory = os.path.join(self.directory, "")
        with open(in_directory + "log", "wb") as log:
            self.guard = subprocess.Popen(
                [guard, self.directory, "/bin/sh", "-c",
                 "PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; exec dockerd "
                 f"--config-file {in_directory}daemon.json "
                 f"--data-root {in_directory}data --exec-root {in_directory}exec "
                 f"--pidfile {in_directory}pid --host unix://{self.socket} --iptables=false "
                 "--ip6tables=false --bip 172.29.0.1/20 --exec-opt native.cgroupdriver=cgroupfs"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0)
        self.pid = 0
        self.start()
        self.ask("POST", "/images/create?fromSrc=-&repo=box&tag=latest", image_of_busybox())

    def configure(self, options):
        """What dockerd reads in daemon.json at its next start."""
        with open(os.path.join(self.directory, "daemon.json"), "w", encoding="utf-8") as file:
            json.dump(options, file)

    def start(self):
        """Returns once it answers."""
        self.guard.stdin.write(b"s")
        self.pid = int(self.guard.stdout.readline())
        self.wait()

    def terminate(self):
        """SIGTERM to dockerd, as `systemctl stop docker`. Returns once it is gone."""
        os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + DEADLINE
        while os.path.exists(f"/proc/{self.pid}"):
            if time.monotonic() > end:
                sys.exit("FAILED: dockerd does not end")
            time.sleep(0.1)

    def wait(self):
        end = time.monotonic() + DEADLINE
        while not self.answers():
            if time.monotonic() > end:
                with open(os.path.join(self.directory, "dockerd.log"), errors="replace") as log:
                    text = log.read()[-4000:]
                self.end()
                sys.exit(f"FAILED: dockerd does not answer\n{text}")
            time.sleep(0.2)

    def end(self):
        self.guard.stdin.close()  # which makes it end dockerd and delete the directory
        self.guard.wait(120)

    def answers(self):
        try:
            return self.ask("GET", "/_ping")
        except OSError:
            return None

    def ask(self, method, target, body=None):
        status, text = self.try_to(method, target, body)
        if status >= 400:
            sys.exit(f"FAILED: the Engine does not do {method} {target}: {text!r:.300}")
        return text

    def try_to(self, method, target, body=None):
        """The status and the text of the answer."""
        connection = UnixConnection(self.socket)
        kind = "application/json" if isinstance(body, str) else "application/x-tar"
        connection.request(method, target, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def create(self, name, spec):
        self.ask("POST", f"/containers/create?name={name}", json.dumps({"Image": "box", **spec}))

    def do(self, container, verb):
        self.ask("POST", f"/containers/{container}/{verb}")

    def freeze(self):
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)


def missing_programs():
    """Those that it needs and that are not installed."""
    return [name for name in ("dockerd", "busybox")
            if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]


def image_of_busybox():
    """A tar archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(shutil.which("busybox"), "bin/busybox")
        for applet in ("sh", "dd", "false", "ping", "sleep", "tail"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for name in ("dev", "tmp"):
            place = tarfile.TarInfo(name)
            place.type, place.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(place)
    return archive.getvalue()
