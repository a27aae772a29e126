#!/usr/bin/python3 -B
"""real_clients_test.py TIDEGAUGE SIMULATED_ENGINE: the daemon's server, used by others' clients.

curl, openssl, promtool and Debian's Prometheus ask a daemon that watches a simulated Engine;
prometheus_client and google.protobuf read its pages. The first check that fails ends the test: it
prints what was expected, what was seen, and the logs of all programs.
"""

import gzip
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.parse

try:
    import google.protobuf  # noqa: F401, what page_formats_test.py needs
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser
except ImportError as error:
    sys.exit(f"{error}; on Debian: apt-get install python3-prometheus-client python3-protobuf")

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import processes  # noqa: E402, found by the line above

PROGRAMS = ("curl", "openssl", "prometheus", "promtool", "zstd")
DEADLINE = 20.0  # seconds, for whatever is waited for
CONTAINERS = {"api-1", "cache-1", "db-1", "web-1", "worker-1"}  # of the simulated Engine
USER, PASSWORD, TOKEN = "prometheus", "correct horse", "token-of-this-test"
PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; " \
           "encoding=delimited"
ACCEPT_2_42 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;" \
              "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
ACCEPT_2_53 = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;" \
              "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
ACCEPT_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," \
           "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;" \
           "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
ACCEPT_3_NATIVE = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;" \
                  "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;" \
                  "escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4," \
                  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3," \
                  "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

tidegauge, simulated_engine = "", ""
programs = None  # those that were started


# --- checks ---------------------------------------------------------------------------------------

def check(sentence, expected, seen):
    if expected == seen:
        print("ok:", sentence, flush=True)
        return
    fail(sentence, expected, seen)


def check_in(sentence, part, whole):
    if part in whole:
        print("ok:", sentence, flush=True)
        return
    fail(sentence, f"{part!r} as a part", whole)


def fail(sentence, expected, seen):
    if isinstance(expected, set) and isinstance(seen, set):
        expected, seen = expected - seen, seen - expected  # without what both have
    programs.fail(f"{sentence}\nexpected: {expected!r:.2000}\nseen: {seen!r:.2000}")


def check_soon(sentence, expected, look):
    """`look` is called until it returns what is expected."""
    end = time.monotonic() + DEADLINE
    while (seen := look()) != expected and time.monotonic() < end:
        time.sleep(0.1)
    check(sentence, expected, seen)


# --- programs -------------------------------------------------------------------------------------

def run(*command, stdin=b""):
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=DEADLINE, check=False)


def run_well(*command):
    done = run(*command)
    if done.returncode != 0:
        fail(f"{' '.join(command)} succeeds", 0, done.stderr.decode(errors="replace"))
    return done.stdout


def path(name):
    return os.path.join(programs.directory, name)


def write(name, text):
    """Replaces the file at once, and returns its path."""
    with open(path(name) + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path(name) + ".new", path(name))
    return path(name)


def write_json(name, value):
    return write(name, json.dumps(value, indent=1))  # which is YAML as well


class Engine:
    def __init__(self):
        self.socket = path("engine.sock")
        programs.start("simulated_engine", [
            simulated_engine, "--socket", self.socket, "--containers", str(len(CONTAINERS)),
            "--events-per-second", "0"]).wait_for("(containers) at ")

    def remove(self, container):
        run_well("curl", "-sSf", "--unix-socket", self.socket, "-X", "POST",
                 f"http://engine/simulation/remove?container={container}")


class Daemon:
    def __init__(self, name, engine, listen=("127.0.0.1:0",), runtime=False, scheme="http",
                 launcher=(), launch_options=None, **web):
        config = {"pool": {"socket_path": f"unix://{engine.socket}"},
                  # Processes of this machine may have the numbers of the simulated ones.
                  "container_monitor": {"interval": "1s", "stats_source": "engine"},
                  "web": {"listen_address": list(listen), **web}}
        if runtime:
            os.mkdir(path(f"{name}.run"))
            config["path"] = {"runtime": path(f"{name}.run")}
        self.config = write_json(f"{name}.yaml", config)
        self.process = programs.start(f"tidegauge-{name}",
                                      [*launcher, tidegauge, "--config", self.config],
                                      **(launch_options or {}))
        self.port = int(self.process.wait_for(r'msg="tidegauge has started".* port=(\d+)'))
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.private_socket = path(f"{name}.run/health.sock")

    def get(self, target="/metrics", *arguments):
        return Answer(self.url + target, *arguments)

    def wait_for_containers(self, *arguments):
        check_soon(f"{self.process.name} has all containers on its page", CONTAINERS,
                   lambda: containers_of(self.get("/metrics", *arguments).text()))

    def healthcheck(self):
        port = f"--web.listen_address=127.0.0.1:{self.port}"  # which the file has as 0
        return subprocess.run([tidegauge, "--config", self.config, port, "--healthcheck"],
                              env=processes.clean_environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)


class Answer:
    """What curl got. `status` is 0 where there was no answer, and `error` says why."""

    def __init__(self, url, *arguments):
        done = run("curl", "-sSig", "--max-time", "10", *arguments, url)
        head, _, self.body = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.error = done.stderr.decode(errors="replace")
        self.status = int(lines[0].split()[1]) if done.returncode == 0 else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.lower(), []).append(value.strip())

    def header(self, name):
        return ", ".join(self.headers.get(name.lower(), []))

    def text(self):
        return self.body.decode(errors="replace")


def containers_of(text):
    return set(re.findall(r'^container_memory_usage_bytes\{.*\bname="([^"]*)"', text, re.MULTILINE))


def series_of(text):
    """The series of containers and of the host without their values, and the heads of families.
    Not the daemon's own series: those appear with use."""
    lines = [line for line in text.splitlines() if " tidegauge_" not in " " + line]
    return {line if line.startswith("#") else line.rpartition(" ")[0] for line in lines}


# --- 1: protocols and encodings -------------------------------------------------------------------

def test_protocols(daemon):
    one = daemon.get("/metrics", "--http1.0")
    two = daemon.get("/metrics", "--http1.1")
    check("curl gets the page by HTTP/1.0", 200, one.status)
    check("curl gets the page by HTTP/1.1", 200, two.status)
    check("both have the same series", series_of(two.text()), series_of(one.text()))
    check("the page comes as text to who says nothing", TEXT, two.header("Content-Type"))


def test_encodings(daemon):
    identity = daemon.get()
    check("no encoding is used without a request for it", "", identity.header("Content-Encoding"))
    for encoding, decode in (("gzip", gzip.decompress), ("zstd", unzstd)):
        packed = daemon.get("/metrics", "-H", f"Accept-Encoding: {encoding}")
        check(f"the page is encoded as {encoding}", encoding, packed.header("Content-Encoding"))
        check(f"a page in {encoding} varies by what decides about it", "Accept, Accept-Encoding",
              packed.header("Vary"))
        check(f"a page in {encoding} is smaller than a third", True,
              len(packed.body) * 3 < len(identity.body))
        check(f"a page in {encoding} has the series of identity", series_of(identity.text()),
              series_of(decode(packed.body).decode()))
        head = daemon.get("/metrics", "--head", "-H", f"Accept-Encoding: {encoding}")
        check(f"HEAD for {encoding} has no body", b"", head.body)
        check(f"HEAD for {encoding} has the headers of GET", described(packed), described(head))
    check("curl --compressed decodes the page", series_of(identity.text()),
          series_of(daemon.get("/metrics", "--compressed").text()))
    check("HEAD without an encoding has the headers of GET", described(identity),
          described(daemon.get("/metrics", "--head")))


def described(answer):
    return [answer.status] + [answer.header(name)
                              for name in ("Content-Type", "Vary", "Content-Encoding")]


def unzstd(body):
    done = run("zstd", "-dcq", stdin=body)
    check("zstd decodes the page", (0, b""), (done.returncode, done.stderr))
    return done.stdout


def test_refused_encodings(daemon):
    refused = daemon.get("/metrics", "-H", "Accept-Encoding: gzip;q=0")
    check("gzip;q=0 gives identity", [200, TEXT, "Accept, Accept-Encoding", ""],
          described(refused))
    check("identity;q=0 alone gives 406", 406,
          daemon.get("/metrics", "-H", "Accept-Encoding: identity;q=0").status)


def test_compression_option(plain, off):
    for name, daemon in (("auto, over the loopback,", plain), ("off", off)):
        answer = daemon.get("/metrics", "-H", "Accept-Encoding: gzip, zstd")
        check(f"web.compression {name} does not compress", [200, ""],
              [answer.status, answer.header("Content-Encoding")])
    check("web.compression auto gives gzip to who accepts nothing else", "gzip",
          plain.get("/metrics", "-H", "Accept-Encoding: gzip, identity;q=0")
          .header("Content-Encoding"))
    check("web.compression off gives 406 to who accepts nothing but gzip", 406,
          off.get("/metrics", "-H", "Accept-Encoding: gzip, identity;q=0").status)


# --- 2: formats -----------------------------------------------------------------------------------

def test_negotiation(daemon):
    for client, accept, expected in (
            ("Prometheus 2.42", ACCEPT_2_42, OPENMETRICS),
            ("Prometheus 2.53", ACCEPT_2_53, OPENMETRICS),
            ("Prometheus 3", ACCEPT_3, OPENMETRICS + "; escaping=allow-utf-8"),
            ("Prometheus 3 with native histograms", ACCEPT_3_NATIVE, PROTOBUF),
            ("a client of the text format", "text/plain;version=0.0.4", TEXT)):
        answer = daemon.get("/metrics", "-H", f"Accept: {accept}")
        check(f"{client} gets the format of its choice", [200, expected],
              [answer.status, answer.header("Content-Type")])


def test_formats(daemon):
    def page(accept):
        return daemon.get("/metrics", "-H", f"Accept: {accept}").body

    openmetrics = list(openmetrics_parser.text_string_to_metric_families(page(ACCEPT_3).decode()))
    text = list(parser.text_string_to_metric_families(page("text/plain").decode()))
    formats = page_formats()
    protobuf = formats["read_protobuf"](page(ACCEPT_3_NATIVE))
    formats["check_native_histograms"](protobuf)
    formats["check_starts"](protobuf)

    def names(families):
        return {sample.labels.get("name") for family in families for sample in family.samples
                if sample.name == "container_memory_usage_bytes"} - {None}

    check("the OpenMetrics page has all containers", CONTAINERS, names(openmetrics))
    check("the text page has all containers", CONTAINERS, names(text))
    labels = [{label.name: label.value for label in metric.label} for family in protobuf
              if family.name == "container_memory_usage_bytes" for metric in family.metric]
    check("the protobuf page has all containers", CONTAINERS,
          {found["name"] for found in labels if "name" in found})
    selected = daemon.get("/metrics?name[]=container_info&name[]=tidegauge_build_info").text()
    check("name[] selects families", ["container_info", "tidegauge_build_info"],
          sorted(re.findall(r"^# TYPE (\S+)", selected, re.MULTILINE)))


def page_formats():
    """The functions of page_formats_test.py, whose last line runs it."""
    name = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../metrics",
                        "page_formats_test.py")
    with open(name, encoding="utf-8") as file:
        functions, _, call = file.read().rpartition("\nmain()")
    check("page_formats_test.py ends with its call", "", call.strip())
    names = {}
    exec(compile(functions, name, "exec"), names)  # pylint: disable=exec-used
    return names


# --- 3: TLS ---------------------------------------------------------------------------------------

def make_ca(name):
    make_certificate(name, None, ["basicConstraints=critical,CA:TRUE"])


def make_certificate(name, ca, extensions):
    write("request.cnf", "[req]\ndistinguished_name = subject\n[subject]\n")
    signer = ["-CA", path(f"{ca}.pem"), "-CAkey", path(f"{ca}.key")] if ca else []
    added = [argument for extension in extensions for argument in ("-addext", extension)]
    run_well("openssl", "req", "-x509", "-config", path("request.cnf"), "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-keyout", path(f"{name}.key"), "-out", path(f"{name}.pem"), *signer, *added)


def make_certificates():
    make_ca("ca")
    make_ca("other-ca")
    server = ["subjectAltName=IP:127.0.0.1,DNS:localhost"]
    make_certificate("server", "ca", server)
    make_certificate("renewed", "ca", server)
    make_certificate("friend", "ca", ["subjectAltName=DNS:friend.example.org"])
    make_certificate("colleague", "ca", ["subjectAltName=DNS:colleague.example.org"])
    make_certificate("stranger", "other-ca", ["subjectAltName=DNS:friend.example.org"])


def check_web_config(name):
    done = run("promtool", "check", "web-config", path(name))
    check_in(f"promtool says SUCCESS about {name}", "SUCCESS", (done.stdout + done.stderr).decode())
    check(f"promtool accepts {name}", 0, done.returncode)


def handshake(daemon, *arguments):
    done = run("openssl", "s_client", "-brief", "-connect", f"127.0.0.1:{daemon.port}", *arguments)
    return (done.stdout + done.stderr).decode(errors="replace")


def test_tls_versions(engine, daemon):
    for version in ("1.2", "1.3"):
        answer = daemon.get("/metrics", *trust(), *basic(), f"--tlsv{version}", "--tls-max",
                            version)
        check(f"curl gets the page by TLS {version}", [200, ""], [answer.status, answer.error])
        check_in(f"openssl agrees on TLS {version}", f"Protocol version: TLSv{version}",
                 handshake(daemon, "-tls" + version.replace(".", "_")))
    old_client = ("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")
    refused = handshake(daemon, *old_client)
    check(f"the server refuses TLS 1.1: {refused.strip()}", False, "Protocol version" in refused)
    write_json("old.yml", {"tls_server_config": {
        "cert_file": "server.pem", "key_file": "server.key", "min_version": "TLS11"}})
    check_web_config("old.yml")
    old = Daemon("old", engine, config_file=path("old.yml"))
    check_in("the same client gets TLS 1.1 where min_version allows it",
             "Protocol version: TLSv1.1", handshake(old, *old_client))
    old.process.end()
    check("HTTP without TLS gets no page", True,
          Answer(daemon.url.replace("https", "http") + "/metrics").status in (0, 400))


def test_client_certificates(daemon):
    def status(name):
        return daemon.get("/metrics", *trust(), *with_certificate(name)).status

    check("a client without a certificate gets nothing", 0, daemon.get("/metrics", *trust()).status)
    check("a client with the right certificate gets the page", 200, status("friend"))
    check("a client with a certificate of another CA gets nothing", 0, status("stranger"))
    check("a client with another certificate of the CA gets the page", 200, status("colleague"))
    write_mutual(client_allowed_sans=["friend.example.org"])
    check_soon("with client_allowed_sans, a client of another name gets nothing", 0,
               lambda: status("colleague"))
    check("with client_allowed_sans, a client of an allowed name gets the page", 200,
          status("friend"))


def test_certificate_replaced(daemon):
    def served():
        found = re.search(r"CN ?= ?(\S+)", handshake(daemon, *handshake_with("friend")))
        return found.group(1) if found else None

    def valid():
        text = daemon.get("/metrics", *trust(), *with_certificate("friend")).text()
        found = re.search(r"^tidegauge_web_config_valid (\S+)", text, re.MULTILINE)
        return found.group(1) if found else None

    check("the server shows its certificate", "server", served())
    check("the web configuration is valid at first", "1", valid())
    install("renewed")
    check_soon("a new certificate takes effect without a restart", "renewed", served)
    check("the web configuration is valid with the new certificate", "1", valid())
    write("live.pem", "no certificate any more\n")
    check_soon("a broken certificate shows in a metric", "0", valid)
    check("a broken certificate leaves the last good one", "renewed", served())
    check("the daemon has not restarted", None, daemon.process.child.poll())
    install("server")
    check_soon("a repaired certificate takes effect", "server", served)
    check_soon("the web configuration is valid again", "1", valid)


def install(name):
    """Replaces the certificate that the server reads."""
    for suffix in ("key", "pem"):
        with open(path(f"{name}.{suffix}"), encoding="utf-8") as file:
            write(f"live.{suffix}", file.read())


def trust():
    """Arguments of curl, as those of the functions below, except for handshake_with."""
    return ["--cacert", path("ca.pem")]


def with_certificate(name):
    return ["--cert", path(f"{name}.pem"), "--key", path(f"{name}.key")]


def handshake_with(name):
    return ["-cert", path(f"{name}.pem"), "-key", path(f"{name}.key")]


def basic(user=USER, password=PASSWORD):
    return ["-u", f"{user}:{password}"]


def bearer(token=TOKEN):
    return ["-H", f"Authorization: Bearer {token}"]


# --- 4: authentication ----------------------------------------------------------------------------

def test_authentication(daemon):
    for who, credentials, expected in (
            ("the right password", basic(), 200),
            ("a wrong password", basic(password="wrong"), 401),
            ("an unknown user", basic(user="nobody"), 401),
            ("the right token", bearer(), 200),
            ("a wrong token", bearer(TOKEN + "x"), 401),
            ("no credentials", [], 401)):
        answer = daemon.get("/metrics", *trust(), *credentials)
        check(f"{who} gives {expected}", expected, answer.status)
        if expected == 401:
            check(f"{who} gives the ways to authenticate", ["Basic", "Bearer"],
                  answer.headers.get("www-authenticate"))
    for target in ("/-/healthy", "/-/ready", "/", "/debug/pool", "/nowhere"):
        check(f"{target} is protected too", 401, daemon.get(target, *trust()).status)
    check("/-/healthy is open to who may see it", 200,
          daemon.get("/-/healthy", *trust(), *basic()).status)


def test_healthcheck(protected, mutual, without_runtime):
    mode = os.stat(protected.private_socket)
    check("the private socket is a socket of mode 0600", (True, "0o600"),
          (stat.S_ISSOCK(mode.st_mode), oct(stat.S_IMODE(mode.st_mode))))
    for daemon, sentence in (
            (protected, "by the private socket of a daemon with TLS, users and a token"),
            (mutual, "by the private socket of a daemon that demands certificates"),
            (without_runtime, "by a listener that answers 401")):
        done = daemon.healthcheck()
        check(f"--healthcheck succeeds {sentence}", (0, b""), (done.returncode, done.stdout))
    private = ["--unix-socket", protected.private_socket]
    check("the private socket tells the health without credentials", 200,
          Answer("http://private/-/healthy", *private).status)
    check("the private socket does not have the page", 404,
          Answer("http://private/metrics", *private).status)
    check("the listener of the daemon without path.runtime answers 401", 401,
          without_runtime.get("/-/healthy").status)
    without_runtime.process.end()
    check("--healthcheck fails once the daemon has ended", 1,
          without_runtime.healthcheck().returncode)


def test_rate_limit(engine):
    # The promtool of Debian 12 does not know rate_limit.
    write_json("rate.yml", {"rate_limit": {"interval": "1h", "burst": 2}})
    daemon = Daemon("limited", engine, config_file=path("rate.yml"))
    check("requests beyond the burst of rate_limit get 429", [200, 200, 429, 429],
          [daemon.get("/-/healthy").status for _ in range(4)])
    check("--healthcheck takes 429 for a sign of life", 0, daemon.healthcheck().returncode)
    daemon.process.end()


# --- 5: Prometheus --------------------------------------------------------------------------------

class Prometheus:
    def __init__(self, plain, protected):
        def job(name, daemon, **settings):
            return {"job_name": name, **settings,
                    "static_configs": [{"targets": [f"127.0.0.1:{daemon.port}"]}]}

        tls = {"scheme": "https", "tls_config": {"ca_file": path("ca.pem")}}
        config = write_json("prometheus.yaml", {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [
                job("plain", plain),
                job("basic", protected, **tls,
                    basic_auth={"username": USER, "password": PASSWORD}),
                job("bearer", protected, **tls,
                    authorization={"type": "Bearer", "credentials": TOKEN})]})
        self.process, self.port = None, 0
        for _ in range(3):  # another program may take the port first
            self.port = free_port(socket.AF_INET, "127.0.0.1")
            self.process = programs.start("prometheus", [
                "prometheus", f"--config.file={config}", f"--storage.tsdb.path={path('tsdb')}",
                f"--web.listen-address=127.0.0.1:{self.port}"])
            if self.process.wait_for("(ready to receive web requests|address already in use)"
                                     ).startswith("ready"):
                return
            self.process.end()
        fail("Prometheus finds a free port", "one", "none")

    def query(self, expression):
        """The labels of the series, at one moment."""
        answer = Answer(f"http://127.0.0.1:{self.port}/api/v1/query?query="
                        + urllib.parse.quote(expression))
        if answer.status != 200:
            return f"status {answer.status}: {answer.text()}"
        return [result["metric"] for result in json.loads(answer.body)["data"]["result"]]


def free_port(family, host):
    with socket.socket(family) as free:
        free.bind((host, 0))
        return free.getsockname()[1]


def test_prometheus(engine, prometheus):
    def seen():
        """By job: the targets that are up, and two containers. A scrape that fails ends all of its
        series, so that only a look at all of them shows whose series has ended."""
        found = prometheus.query(
            'up == 1 or container_memory_usage_bytes{name=~"web-1|db-1"}')
        return sorted((labels["job"], labels.get("name", "up")) for labels in found
                      ) if isinstance(found, list) else found

    def expected(*names):
        return sorted((job, name) for job in ("plain", "basic", "bearer") for name in names)

    check_soon("Prometheus scrapes plainly, with a password over TLS and with a token over TLS",
               expected("up", "db-1", "web-1"), seen)
    engine.remove("web-1")
    # Without the end of a series, Prometheus would answer with its last value for 5 minutes.
    check_soon("the series of a removed container end, and the others go on",
               expected("up", "db-1"), seen)


# --- 6: listen addresses --------------------------------------------------------------------------

def test_addresses(daemon, ipv6_port, unix_socket):
    mode = os.stat(unix_socket)
    check("the Unix socket has the mode of web.socket_mode", "0o600",
          oct(stat.S_IMODE(mode.st_mode)))
    expected = series_of(daemon.get().text())
    check("the page has more than a hundred series and heads", True, len(expected) > 100)
    for name, answer in (
            ("IPv6", Answer(f"http://[::1]:{ipv6_port}/metrics")),
            ("Unix", Answer("http://unix/metrics", "--unix-socket", unix_socket))):
        check(f"the {name} address serves the page of the IPv4 address", (200, expected),
              (answer.status, series_of(answer.text())))


def test_socket_activation(engine):
    launcher = (sys.executable, "-c",
                "import os, sys\n"
                "os.dup2(int(sys.argv[1]), 3)\n"
                "os.set_inheritable(3, True)\n"
                "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
                "os.execv(sys.argv[2], sys.argv[2:])\n")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        daemon = Daemon("activated", engine, listen=["systemd"],
                        launcher=(*launcher, str(listener.fileno())),
                        launch_options={"pass_fds": [listener.fileno()]})
        check("the daemon serves on the socket that it was given", listener.getsockname()[1],
              daemon.port)
    check("the socket that was given serves the page", [200, TEXT],
          described(daemon.get())[:2])
    with open(f"/proc/{daemon.process.child.pid}/fdinfo/3", encoding="ascii") as info:
        flags = int(re.search(r"^flags:\s*(\d+)", info.read(), re.MULTILINE)[1], 8)
    check("no program that the daemon started would have the socket", os.O_CLOEXEC,
          flags & os.O_CLOEXEC)
    daemon.process.child.send_signal(signal.SIGHUP)
    daemon.process.wait_for("(the configuration is reloaded)")
    check("the socket that was given serves the page after a reload", 200, daemon.get().status)
    daemon.process.end()


# --- 7: errors ------------------------------------------------------------------------------------

def test_errors(plain, protected):
    version = subprocess.run([tidegauge, "--version"], capture_output=True, text=True,
                             timeout=DEADLINE, check=True).stdout.split()[1]
    for status, answer in (
            (404, plain.get("/nowhere")),
            (404, plain.get("/../../etc/passwd", "--path-as-is")),
            (405, plain.get("/metrics", "-X", "PUT")),
            (405, plain.get("/-/reload")),
            (400, plain.get("/metrics", "-X", "GET", "--data", "a body")),
            (400, plain.get("/%zz")),
            (406, plain.get("/metrics", "-H", "Accept-Encoding: identity;q=0")),
            (401, protected.get("/metrics", *trust()))):
        check(f"the status is {status}", status, answer.status)
        revealed = [word for word in ("tidegauge", version, "/") if word in answer.text().lower()]
        check(f"the body of an answer {status} reveals no name, version or path", [], revealed)
        check(f"an answer {status} does not name the server", "", answer.header("Server"))


# --- all ------------------------------------------------------------------------------------------

def write_web_configs():
    make_certificates()
    write_json("protected.yml", {
        "tls_server_config": {"cert_file": "server.pem", "key_file": "server.key"},
        "basic_auth_users": {USER: PASSWORD_HASH}})
    install("server")
    write_mutual()
    write_json("users.yml", {"basic_auth_users": {USER: PASSWORD_HASH}})
    write("token", TOKEN + "\n")
    for name in ("protected.yml", "mutual.yml", "users.yml"):
        check_web_config(name)


def write_mutual(**more):
    """The promtool of Debian 12 does not know client_allowed_sans."""
    write_json("mutual.yml", {
        "tls_server_config": {"cert_file": "live.pem", "key_file": "live.key",
                              "client_ca_file": "ca.pem",
                              "client_auth_type": "RequireAndVerifyClientCert", **more}})


def test_all():
    write_web_configs()
    engine = Engine()
    ipv6_port = free_port(socket.AF_INET6, "::1")
    unix_socket = path("page.sock")
    plain = Daemon("plain", engine, socket_mode="0600",
                   listen=["127.0.0.1:0", f"[::1]:{ipv6_port}", f"unix://{unix_socket}"])
    protected = Daemon("protected", engine, runtime=True, scheme="https",
                       config_file=path("protected.yml"), bearer_token_file=path("token"))
    always = Daemon("always", engine, compression="always")
    off = Daemon("off", engine, compression="off")
    mutual = Daemon("mutual", engine, runtime=True, scheme="https",
                    config_file=path("mutual.yml"))
    without_runtime = Daemon("users", engine, config_file=path("users.yml"))
    for daemon in (plain, always):
        daemon.wait_for_containers()

    test_protocols(plain)
    test_encodings(always)
    test_refused_encodings(always)
    test_compression_option(plain, off)
    test_negotiation(plain)
    test_formats(plain)
    for daemon in (always, off):
        daemon.process.end()
    test_addresses(plain, ipv6_port, unix_socket)
    test_socket_activation(engine)
    test_errors(plain, protected)
    test_tls_versions(engine, protected)
    test_client_certificates(mutual)
    test_authentication(protected)
    test_healthcheck(protected, mutual, without_runtime)
    test_rate_limit(engine)
    test_certificate_replaced(mutual)
    mutual.process.end()
    test_prometheus(engine, Prometheus(plain, protected))


def main():
    global tidegauge, simulated_engine, programs  # pylint: disable=global-statement
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tidegauge, simulated_engine = map(os.path.abspath, sys.argv[1:])
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        sys.exit(f"missing: {' '.join(missing)}; on Debian: apt-get install curl openssl "
                 "prometheus zstd")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit("ended by a signal"))
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tidegauge-clients-") as directory, \
            processes.Programs(directory, DEADLINE) as programs:
        test_all()
    print(f"all checks pass in {time.monotonic() - start:.1f} s")


main()
