"""A proxy before an Engine's socket, as docs/security.md advises: it lets through what a list allows.

    allowed = engine_proxy.allowed_requests("docs/security.md")
    with engine_proxy.EngineProxy("/tmp/proxy.sock", engine.socket, allowed) as proxy:
        ...
        print(proxy.requests())

It relays HTTP/1.1 as it comes, so streams and connections that stay open work as without it, and
answers 403 to all else. Its threads end with it. The members of EngineProxy are thread-safe.
"""

import dataclasses
import os
import re
import select
import socket
import threading
import urllib.parse

# Options that make the Engine do something else. Others only choose among what the path gives.
OPTIONS_THAT_COUNT = {"size"}
LONGEST_HEAD = 64 * 1024
SLOWEST_READER = 30.0  # seconds


@dataclasses.dataclass(frozen=True)
class Entry:
    """One of the list, as `GET /containers/ID/json?size=1`; ID stands for one segment of the path."""
    text: str

    def allows(self, request):
        method, target = self.text.split(" ")
        path, _, options = target.partition("?")
        pattern = "/".join("[^/]+" if part == "ID" else re.escape(part) for part in path.split("/"))
        named, sent = options_of(options), options_of(request.options())
        counting = {option for option in sent if option[0] in OPTIONS_THAT_COUNT}
        return (request.method == method and re.fullmatch(pattern, request.path()) is not None
                and counting <= named <= sent)


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    target: str
    entry: Entry | None  # which allows it
    is_refused: bool

    def version(self):
        """As `v1.41`, or nothing."""
        found = re.match(r"/(v\d+\.\d+)/", self.target)
        return found.group(1) if found else ""

    def path(self):
        """Without the version."""
        return re.sub(r"^/v\d+\.\d+(?=/)", "", self.target).partition("?")[0]

    def options(self):
        return self.target.partition("?")[2]


def options_of(text):
    return set(urllib.parse.parse_qsl(text, keep_blank_values=True))


def allowed_requests(document):
    """The entries of the table in docs/security.md."""
    with open(document, encoding="utf-8") as file:
        table = re.search(r"^\| request \|.*\n\|[ -|]*\n((?:\|.*\n)+)", file.read(), re.MULTILINE)
    cells = [row.split("|")[1] for row in table.group(1).splitlines()]
    return [Entry(text) for cell in cells for text in re.findall(r"`([A-Z]+ /[^` ]*)`", cell)]


class EngineProxy:
    """Listens at `path`, where everybody may connect. `refused` are entries that it refuses although
    they are allowed."""

    def __init__(self, path, engine_socket, allowed, refused=()):
        self.path = path
        self.engine_socket = engine_socket
        self.allowed = tuple(allowed)
        self.refused = frozenset(refused)
        self.seen = []
        self.lock = threading.Lock()
        self.stop_reader, self.stop_writer = socket.socketpair()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(64)
        self.threads = [threading.Thread(target=self.take_connections)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.stop_writer.close()  # which all threads see
        self.threads[0].join()
        for thread in self.threads[1:]:
            thread.join()
        self.listener.close()
        self.stop_reader.close()
        os.unlink(self.path)

    def requests(self):
        """Those so far."""
        with self.lock:
            return list(self.seen)

    def take_connections(self):
        while self.listener in self.wait_for([self.listener]):
            client, _ = self.listener.accept()
            client.settimeout(SLOWEST_READER)
            thread = threading.Thread(target=Relay(self, client).run)
            self.threads.append(thread)
            thread.start()

    def wait_for(self, sockets):
        """Those of the sockets with something to read; none once the proxy ends."""
        ready, _, _ = select.select([self.stop_reader, *sockets], [], [])
        return [] if self.stop_reader in ready else ready

    def judge(self, method, target):
        request = Request(method, target, None, True)
        entry = next((entry for entry in self.allowed if entry.allows(request)), None)
        request = Request(method, target, entry, entry is None or entry in self.refused)
        with self.lock:
            self.seen.append(request)
        return request


class Relay:
    """One connection of a client, and the one to the Engine that goes with it. The client is expected
    to wait for an answer before it sends the next request, and to send no bodies."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.engine = None
        self.unread = b""  # of a head

    def run(self):
        try:
            while self.pass_on():
                pass
        except OSError:
            pass  # the client or the Engine has gone, and the other one is told by the end
        finally:
            self.client.close()
            if self.engine is not None:
                self.engine.close()

    def pass_on(self):
        """Whatever has come. Whether there may be more."""
        ready = self.proxy.wait_for([one for one in (self.client, self.engine) if one is not None])
        if self.engine in ready:
            answer = self.engine.recv(65536)
            self.client.sendall(answer)
            return bool(answer)
        return self.client in ready and self.take_request()

    def take_request(self):
        received = self.client.recv(65536)
        self.unread += received
        head, end, rest = self.unread.partition(b"\r\n\r\n")
        if not end:
            return bool(received) and len(head) <= LONGEST_HEAD
        self.unread = rest
        return self.answer(head + end)

    def answer(self, head):
        method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        if self.proxy.judge(method, target).is_refused:
            self.client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return re.search(rb"\r\n(Content-Length|Transfer-Encoding):", head, re.IGNORECASE) is None
        if self.engine is None:
            self.engine = socket.socket(socket.AF_UNIX)
            self.engine.connect(self.proxy.engine_socket)
        self.engine.sendall(head)
        return True
