#!/usr/bin/env python3
"""What a scrape costs, and what hostile clients can do to it: the program beside a real Engine.

    serving_benchmark.py TIDEGAUGE SOCKET [CADVISOR_PORT]

SOCKET is that of an Engine, with 200 containers for the limits below. With the port of a cAdvisor that
watches the same Engine, scrapes are compared with those of cAdvisor, in turn, and nothing else is
measured: cAdvisor takes too much of the machine's time. The page of 50,000 series is that of the
simulated Engine beside TIDEGAUGE. Prints one JSON object a line; exit status 1 if a figure falls short.
"""

import base64
import collections
import ctypes
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import figures
from figures import report

HOST = "127.0.0.1"
SCRAPES = 200  # beside each kind of hostile clients
KNOWN = "Basic YWxpY2U6c2VjcmV0"  # alice:secret


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Daemon:
    """A running tidegauge, which samples each second so that every scrape finds a new snapshot."""

    def __init__(self, program, engine, *options):
        self.directory = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.directory.name, "log"), "w+")
        self.process = subprocess.Popen(
            [program, "--pool.socket_path=" + engine, "--web.listen_address=" + HOST + ":0",
             "--container_monitor.interval=1s", "--path.runtime=" + self.directory.name, *options],
            stderr=self.log)
        self.port = self._wait_for_port()

    def _wait_for_port(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with open(self.log.name) as log:
                found = re.search(r"tidegauge has started.* port=(\d+)", log.read())
            if found:
                return int(found.group(1))
            time.sleep(0.05)
        raise RuntimeError("tidegauge has not started")

    def serving_cpu_seconds(self):
        return figures.serving_cpu_seconds(self.process.pid)

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def kernel_buffers():
    """Bytes of all TCP sockets' buffers in this network namespace."""
    with open("/proc/net/sockstat") as stat:
        return int(re.search(r"TCP:.* mem (\d+)", stat.read()).group(1)) * os.sysconf("SC_PAGE_SIZE")


def connect(port):
    client = socket.create_connection((HOST, port), timeout=20)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def request(encoding="identity", authorization=None):
    more = f"Authorization: {authorization}\r\n" if authorization else ""
    return (f"GET /metrics HTTP/1.1\r\nHost: t\r\nAccept-Encoding: {encoding}\r\n{more}"
            "Connection: close\r\n\r\n").encode()


class Scraper:
    """Reads pages into memory that it has already, so that it takes little time itself."""

    def __init__(self, port, **how):
        self.port, self.how = port, how
        self.buffer = memoryview(bytearray(32 << 20))
        self.size = 0

    def scrape(self):
        """Seconds from before the connection to the end of the answer."""
        self.size = 0
        begin = time.monotonic()
        with connect(self.port) as client:
            client.sendall(request(**self.how))
            while count := client.recv_into(self.buffer[self.size:]):
                self.size += count
        seconds = time.monotonic() - begin
        if self.buffer[:12] != b"HTTP/1.1 200":
            raise RuntimeError(bytes(self.buffer[:100]))
        return seconds

    def scrapes(self, count, pause):
        times = []
        for _ in range(count):
            time.sleep(pause)
            times.append(self.scrape())
        return times

    def body(self):
        return body_of(bytes(self.buffer[:self.size]))


def body_of(answer):
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return rest
    body = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            break
        body.append(rest[:count])
        rest = rest[count + 2:]
    return b"".join(body)


def gzip_alone(text):
    """What compresses `text` as the daemon does, with the library and nothing else."""
    def compress():
        encoder = zlib.compressobj(1, zlib.DEFLATED, 31)
        return encoder.compress(text) + encoder.flush()
    return compress


def zstd_alone(text):
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library = ctypes.CDLL("libzstd.so.1")
    for name, result, arguments in (("compressBound", size, [size]), ("createCCtx", pointer, []),
                                    ("CCtx_setParameter", size, [pointer, ctypes.c_int, ctypes.c_int]),
                                    ("compress2", size, [pointer, pointer, size, ctypes.c_char_p, size]),
                                    ("freeCCtx", size, [pointer])):
        function = getattr(library, "ZSTD_" + name)
        function.restype, function.argtypes = result, arguments
    level, checksum = 100, 201
    out = ctypes.create_string_buffer(library.ZSTD_compressBound(len(text)))

    def compress():
        context = library.ZSTD_createCCtx()
        library.ZSTD_CCtx_setParameter(context, level, 1)
        library.ZSTD_CCtx_setParameter(context, checksum, 1)
        library.ZSTD_compress2(context, out, len(out), text, len(text))
        library.ZSTD_freeCCtx(context)
    return compress


def measure_encoding_cpu(daemon, encoding, alone, limit):
    """In turn, each after a pause, as the caches forget much meanwhile."""
    scraper, ours, theirs = Scraper(daemon.port, encoding=encoding), [], []
    for _ in range(20):
        time.sleep(1.1)
        begin = daemon.serving_cpu_seconds()
        scraper.scrape()
        time.sleep(0.02)  # the thread's account is closed once it waits
        ours.append(daemon.serving_cpu_seconds() - begin)
        begin = time.process_time()
        alone()
        theirs.append(time.process_time() - begin)
    report(f"scrape, {encoding}: CPU of page and compression against the library alone",
           statistics.median(ours) * 1e3, "ms", statistics.median(theirs) * 1e3, limit)


def compare_with_cadvisor(daemon, cadvisor):
    for encoding, limit in (("identity", 1 / 40), ("gzip", 1 / 8)):
        ours, theirs = Scraper(daemon.port, encoding=encoding), Scraper(cadvisor, encoding=encoding)
        our_times, their_times = [], []
        for _ in range(25):
            time.sleep(1)
            our_times.append(ours.scrape())
            time.sleep(0.1)
            their_times.append(theirs.scrape())
        report(f"scrape, {encoding}: p50 against cAdvisor", statistics.median(our_times) * 1e3, "ms",
               statistics.median(their_times) * 1e3, limit)


def measure_scrapes(daemon):
    scraper = Scraper(daemon.port)
    times = scraper.scrapes(100, 1.05)
    text = scraper.body()
    report("scrape, identity: page", len(text) / 1e3, "KB")
    report("scrape, identity: p50", statistics.median(times) * 1e3, "ms")
    report("scrape, identity: p99", quantile(times, 0.99) * 1e3, "ms", limit=10)
    for encoding, most, alone, factor in (("gzip", 600, gzip_alone, 1.3), ("zstd", 120, zstd_alone, 1.5)):
        scraper = Scraper(daemon.port, encoding=encoding)
        times = scraper.scrapes(20, 1.1)
        report(f"scrape, {encoding}: p50", statistics.median(times) * 1e3, "ms")
        report(f"scrape, {encoding}: page", len(scraper.body()) / 1e3, "KB", limit=most)
        if encoding == "gzip":  # its page has another order
            text = zlib.decompress(scraper.body(), 31)
        measure_encoding_cpu(daemon, encoding, alone(text), factor)
    report("resident memory after scrapes of every encoding", daemon.resident_bytes() / 2**20, "MiB",
           limit=24)


def in_parallel(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def measure_crowd(daemon):
    """Sixteen scrapers, each once a second for a minute."""
    alone = Scraper(daemon.port).scrapes(200, 0.1)
    times = []

    def scrape(number):
        time.sleep(number / 16)
        times.extend(Scraper(daemon.port).scrapes(60, 1.0))
    for thread in in_parallel(16, scrape):
        thread.join()
    report("16 scrapers: p99 against one", quantile(times, 0.99) * 1e3, "ms",
           quantile(alone, 0.99) * 1e3, 3)


def measure_memory(program, containers=725):
    """The memory that a page of 50,000 series takes while sixteen clients read the page."""
    simulated = os.path.join(os.path.dirname(os.path.abspath(program)), "simulated_engine")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "docker.sock")
        engine = subprocess.Popen([simulated, "--socket", path, "--containers", str(containers),
                                   "--events-per-second", "0"], stdout=subprocess.DEVNULL)
        while not os.path.exists(path):
            time.sleep(0.1)
        daemon = Daemon(program, path)
        scraper = Scraper(daemon.port)
        before, lines = None, 0
        while before != lines:  # until all containers are sampled
            before = lines
            time.sleep(5)
            scraper.scrape()
            lines = scraper.body().count(b"\n")
        text = scraper.body()
        report("page of the simulated Engine: series", sum(not line.startswith(b"#")
                                                          for line in text.splitlines()), "1")
        base = daemon.resident_bytes() + kernel_buffers()
        middle = threading.Barrier(17)

        def read(_):
            rest = len(text) // 2
            with connect(daemon.port) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                client.sendall(request())
                while rest > 0:
                    rest -= len(client.recv(1 << 16))
                middle.wait()
                middle.wait()
                while client.recv(1 << 18):
                    pass
        readers = in_parallel(16, read)
        middle.wait()
        time.sleep(0.5)
        added = daemon.resident_bytes() + kernel_buffers() - base
        middle.wait()
        for reader in readers:
            reader.join()
        report("page of the simulated Engine to 16 clients: memory added, against the page",
               added / 2**20, "MiB", len(text) / 2**20, 3)
        daemon.stop()
        engine.terminate()
        engine.wait(10)


class Hostile:
    """Clients of one kind, in a process of their own so that they take no time from the scraper."""

    def __init__(self, port, kinds):
        self.process = subprocess.Popen([sys.executable, __file__, "--hostile", str(port), *kinds],
                                        stdout=subprocess.PIPE)
        self.process.stdout.readline()  # all are connected

    def stop(self):
        self.process.kill()
        self.process.wait()


def be_hostile(port, kinds):
    held = []
    if "half-sent" in kinds:
        for _ in range(2_000):
            held.append(connect(port))
            held[-1].sendall(b"GET /met")
    if "vanishing" in kinds:
        for _ in range(500):
            with connect(port) as client:
                client.sendall(b"GET /met")
    if "idle" in kinds:
        for _ in range(64):
            held.append(connect(port))
            held[-1].sendall(b"GET /-/healthy HTTP/1.1\r\nHost: t\r\n\r\n")
    readers = []
    if "slow readers" in kinds:
        for _ in range(200):
            readers.append(connect(port))
            readers[-1].sendall(request(authorization=KNOWN))
    print("connected", flush=True)
    guessers = collections.deque()
    number = 0
    while True:
        time.sleep(0.02)
        number += 1
        if "wrong passwords" in kinds:
            guessers.append(connect(port))
            credentials = base64.b64encode(f"alice:{number}".encode()).decode()
            guessers[-1].sendall(request(authorization="Basic " + credentials))
            if len(guessers) > 50:
                guessers.popleft().close()
        if number % 50 == 0:
            for reader in readers:
                try:
                    reader.recv(100, socket.MSG_DONTWAIT)
                except OSError:
                    pass


def measure_hostile(program, engine):
    kinds = ["half-sent", "vanishing", "idle", "slow readers", "wrong passwords"]
    with tempfile.TemporaryDirectory() as directory:
        users = os.path.join(directory, "web.yml")
        with open(users, "w") as file:  # bcrypt of "secret" at cost 10
            file.write("basic_auth_users: {alice: "
                       "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u}\n")
        options = ["--web.config_file=" + users]
        daemon = Daemon(program, engine, *options)
        time.sleep(3)
        scraper = Scraper(daemon.port, authorization=KNOWN)
        scraper.scrape()  # the password is checked once
        calm = scraper.scrapes(SCRAPES, 0.1)
        report("calm: scrape p99", quantile(calm, 0.99) * 1e3, "ms")
        for attack in [[kind] for kind in kinds] + [kinds]:
            before = daemon.resident_bytes() + kernel_buffers()
            hostile = Hostile(daemon.port, attack)
            most, times = 0, []
            for _ in range(SCRAPES):
                time.sleep(0.1)
                try:
                    times.append(scraper.scrape())
                except (OSError, RuntimeError) as error:
                    print(error, file=sys.stderr)
                    times.append(20.0)
                most = max(most, daemon.resident_bytes() + kernel_buffers() - before)
            healthy = subprocess.run([program, "--path.runtime=" + daemon.directory.name, *options,
                                      "--healthcheck"], stderr=subprocess.DEVNULL).returncode == 0
            hostile.stop()
            name = "all together" if len(attack) > 1 else attack[0]
            report(f"{name}: scrape p99 against none", quantile(times, 0.99) * 1e3, "ms",
                   quantile(calm, 0.99) * 1e3, 2)
            report(f"{name}: memory added", most / 2**20, "MiB", limit=32)
            report(f"{name}: --healthcheck fails", 0 if healthy else 1, "1", limit=0)
        daemon.stop()


def main():
    if len(sys.argv) > 3 and sys.argv[1] == "--hostile":
        be_hostile(int(sys.argv[2]), sys.argv[3:])
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, engine = sys.argv[1:3]
    cadvisor = int(sys.argv[3]) if len(sys.argv) > 3 else None
    daemon = Daemon(program, engine, "--web.compression=always")
    time.sleep(5)
    if cadvisor:
        compare_with_cadvisor(daemon, cadvisor)
        daemon.stop()
    else:
        measure_scrapes(daemon)
        measure_crowd(daemon)
        daemon.stop()
        measure_memory(program)
        measure_hostile(program, engine)
    sys.exit(1 if figures.fell_short() else 0)


if __name__ == "__main__":
    main()
