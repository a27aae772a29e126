#!/usr/bin/python3 -B
"""image_test.py SOURCE_DIR ENGINE_GUARD CACHE [IMAGE]: the container image, on a real Engine.

scripts/image.sh builds the image on a private dockerd, whose build containers have no network: the
base of the build comes from mmdebstrap, which downloads it into the directory CACHE once. Then
it is looked at what is in the image, and the daemon in it is run by the command of docs/image.md, and
with less than that. With IMAGE, a file of `docker save`, that image is tested and none is built. Needs
root. The build takes some minutes.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import engine_proxy, real_engine  # noqa: E402, found by the line above
from support.daemon import has_series  # noqa: E402

DEADLINE = 90.0  # seconds, for whatever is waited for
RELEASE = "bookworm"
BASE, TAG = "tidegauge-base:test", "tidegauge:test"
MOST_BYTES = 12_000_000  # compressed
USER = 65532
SBOM = "usr/share/doc/tidegauge/sbom.spdx.json"
PAGE = "127.0.0.1:9717"  # in the network of the Engine's containers
USER_OF_PAGE, PASSWORD = "prometheus", "correct horse"
PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"
SLEEPER = {"Cmd": ["sleep", "inf"], "StopSignal": "SIGKILL",
           "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}}}
SIBLINGS = [f"sibling-{number}" for number in range(9)]  # ten containers with the daemon's

source = pathlib.Path()


# --- checks and programs --------------------------------------------------------------------------

def fail(message):
    sys.exit(f"FAILED: {message}")


def check(sentence, expected, seen):
    if expected != seen:
        if isinstance(expected, set):
            expected, seen = expected - seen, seen - expected  # without what both have
        fail(f"{sentence}\nexpected: {expected!r:.2000}\nseen: {seen!r:.2000}")
    print("ok:", sentence, flush=True)


def check_soon(sentence, look):
    """Until it returns what is true."""
    end = time.monotonic() + DEADLINE
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.3)
    check(sentence, True, bool(seen))
    return seen


def run(*command, **options):
    """Returns what the command prints. The log of the command goes to the log of the test."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def docker(engine, *arguments, **options):
    return run("docker", *arguments, env=environment_of(engine), **options)


def environment_of(engine):
    """Nothing of the user's own, so that the classic builder is used, which needs no plug-in."""
    return {"PATH": os.environ["PATH"], "HOME": engine.directory, "LC_ALL": "C", "DOCKER_BUILDKIT": "0",
            "DOCKER_HOST": f"unix://{engine.socket}"}


def inspect(engine, name):
    return json.loads(docker(engine, "inspect", name))[0]


# --- the build ------------------------------------------------------------------------------------

def packages_of_build():
    return run("bash", "-c", 'source "$1"; echo "${packages_image[@]}"', "bash",
               source / "scripts/lib/packages.sh", text=True).split()


def base_of_build(cache):
    """The path of the tar archive of a Debian with all packages that the build needs."""
    packages = ",".join(sorted(packages_of_build()))
    path = cache / f"image-base-{RELEASE}-{hashlib.sha256(packages.encode()).hexdigest()[:16]}.tar"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished.tar")
        print(f"downloading Debian's packages for {path}", flush=True)
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", RELEASE, unfinished)
        unfinished.rename(path)
    return path


def build(engine):
    """The image, from the source as it stands."""
    begin = time.monotonic()
    printed = run(source / "scripts/image.sh", TAG, "--build-arg", f"BUILD_BASE={BASE}",
                  env=environment_of(engine), text=True)
    print(f"{printed}built in {time.monotonic() - begin:.0f} s", flush=True)
    return pathlib.Path(source, printed.splitlines()[-1]).read_bytes()


# --- what is in the image -------------------------------------------------------------------------

class Contents:
    """The files of the image, from all of its layers."""

    def __init__(self, saved):
        self.members, self.texts = {}, {}
        with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))[0]
            for layer in manifest["Layers"]:
                self.add(archive.extractfile(layer))

    def add(self, layer):
        with tarfile.open(fileobj=layer) as archive:
            for member in archive:
                self.members[member.name.removeprefix("./")] = member
                if member.isfile():
                    self.texts[member.name.removeprefix("./")] = archive.extractfile(member).read()

    def libraries(self):
        """By their names."""
        return {os.path.basename(path): path for path in self.texts if ".so" in path}


def in_base(engine, script, program):
    """What the script prints in the base of the build, where `/program` is the image's program."""
    name = docker(engine, "create", "--network", "none", BASE, "bash", "-ec", script, text=True).strip()
    try:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            file = tarfile.TarInfo("program")
            file.mode, file.size = 0o755, len(program)
            tar.addfile(file, io.BytesIO(program))
        docker(engine, "cp", "-", f"{name}:/", input=archive.getvalue())
        return docker(engine, "start", "--attach", name, text=True)
    finally:
        docker(engine, "rm", "--force", name)


def linked_packages(engine, program):
    """What the program links, by the names of the libraries: the package that has it, and its
    version."""
    lines = in_base(engine, r"""
        for library in $(ldd /program | grep -o '/[^ ]*'); do
          path=$(readlink -f "$library")
          owner=$( (dpkg-query -S "$path" || dpkg-query -S "${path#/usr}") 2>/dev/null | sed 's/: .*//')
          echo "$(basename "$library") $(dpkg-query -W -f='${Package} ${Version}' "$owner")"
        done""", program).splitlines()
    return {library: (package, version) for library, package, version in map(str.split, lines)}


def check_size(saved):
    size = len(gzip.compress(saved, 9))
    check(f"the image has {size:,} bytes compressed, at most {MOST_BYTES:,}", True, size <= MOST_BYTES)


def check_files(contents, linked):
    libraries = contents.libraries()
    check(f"it has the {len(linked)} libraries that the program links, and no other", set(linked),
          set(libraries))
    packages = {package for package, _ in linked.values()} | {"ca-certificates", "tidegauge"}
    check("it has no other file than these", set(), set(contents.texts) - set(libraries.values()) - {
        "usr/bin/tidegauge", "etc/tidegauge/config.yaml", "etc/nsswitch.conf", SBOM,
        "etc/ssl/certs/ca-certificates.crt", *(f"usr/share/doc/{name}/copyright" for name in packages)})
    check("the program and the libraries can be executed, and nothing else",
          {"usr/bin/tidegauge", *libraries.values()},
          {path for path in contents.texts if contents.members[path].mode & 0o111})
    check("nobody but root can change a file", set(), {
        path for path in contents.texts
        if contents.members[path].uid != 0 or contents.members[path].mode & 0o7022})
    check("it has directories for the user of the daemon", {"run/tidegauge", "var/lib/tidegauge"},
          {path for path, member in contents.members.items()
           if (member.uid, member.gid, member.mode & 0o777) == (USER, USER, 0o700)})
    check("it has the configuration of the source", (source / "config/config.yaml").read_bytes(),
          contents.texts["etc/tidegauge/config.yaml"])


def check_sbom(sbom, linked, version):
    packages = {one["name"]: one["versionInfo"] for one in json.loads(sbom)["packages"]}
    check("the bill of materials has the owners of the libraries, and what is not a library",
          {package for package, _ in linked.values()}
          | {"tidegauge", "ca-certificates", "rapidjson-dev", "uplot"}, set(packages))
    check("it has their versions", {**dict(linked.values()), "tidegauge": version},
          {name: packages[name] for name, _ in [*linked.values(), ("tidegauge", "")]})


def check_settings(engine, version):
    settings = inspect(engine, TAG)["Config"]
    check("the user is none of a host", f"{USER}:{USER}", settings["User"])
    check("the labels have the version", version, settings["Labels"]["org.opencontainers.image.version"])
    check("there is no shell", (127, True), no_shell(engine))


def no_shell(engine):
    """The status of a container that is to run one, and whether the Engine finds none."""
    answer = subprocess.run(["docker", "run", "--rm", "--entrypoint", "/bin/sh", TAG, "-c", "true"],
                            env=environment_of(engine), capture_output=True, text=True, check=False)
    return answer.returncode, "no such file or directory" in answer.stderr


def check_image(engine, printed_sbom):
    version = re.search(r"^project\(tidegauge VERSION ([\d.]+)",
                        (source / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE).group(1)
    saved = docker(engine, "save", TAG)
    contents = Contents(saved)
    check_size(saved)
    linked = linked_packages(engine, contents.texts["usr/bin/tidegauge"])
    check_files(contents, linked)
    check_sbom(contents.texts[SBOM], linked, version)
    if printed_sbom:
        check("scripts/image.sh writes the image's bill of materials", contents.texts[SBOM], printed_sbom)
    check_settings(engine, version)


# --- the daemon in a container --------------------------------------------------------------------

class Container:
    """The daemon's, which is removed at the end of the block."""

    def __init__(self, engine, name, command):
        self.engine, self.name = engine, name
        run("bash", "-ec", command, env=environment_of(engine))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- log of {self.name}:\n{self.log()[-4000:]}", flush=True)
        docker(self.engine, "rm", "--force", "--volumes", self.name)

    def log(self):
        return docker(self.engine, "logs", self.name, stderr=subprocess.STDOUT).decode()

    def healthcheck(self):
        """The status of `tidegauge --healthcheck` in it."""
        return subprocess.run(["docker", "exec", self.name, "/usr/bin/tidegauge", "--healthcheck"],
                              env=environment_of(self.engine), check=False).returncode

    def health(self):
        return inspect(self.engine, self.name)["State"]["Health"]["Status"]

    def get(self, target, *options, scheme="http"):
        """The status and the text of the answer; a status of 0 where there is none."""
        answer = subprocess.run(
            ["nsenter", f"--net=/proc/{self.engine.pid}/ns/net", "curl", "--silent", "--max-time", "20",
             "--write-out", "\n%{http_code}", *options, f"{scheme}://{PAGE}{target}"],
            stdout=subprocess.PIPE, check=False)
        text, _, status = answer.stdout.decode().rpartition("\n")
        return int(status), text

    def has(self, metric, value, /, **labels):
        return has_series(self.get("/metrics")[1], metric, value, **labels)

    def watches(self, names, kernel_or_engine):
        """Whether the Engine is up, and all containers have numbers of that source."""
        _, page = self.get("/metrics")
        return has_series(page, "tidegauge_engine_up", 1) and all(
            has_series(page, "container_stats_source", 1, name=name, source=kernel_or_engine)
            and has_series(page, "container_memory_usage_bytes", r"[1-9]\d*", name=name)
            and has_series(page, "container_network_receive_bytes_total", r"\d+", name=name)
            for name in names)

    def ends_of(self, name):
        """Their number, if they are counted as well as recorded; otherwise nothing."""
        ends = json.loads(self.get(f"/api/v1/exits?name={name}&cause=error")[1])["exits"]
        is_counted = self.has("container_exits_total", len(ends), name=name, cause="error")
        return len(ends) if is_counted else None


def documented_command():
    """The `docker run` of docs/image.md, as a shell reads it."""
    text = (source / "docs/image.md").read_text(encoding="utf-8")
    return re.search(r"^```sh\n(docker run .*?)^```", text, re.MULTILINE | re.DOTALL).group(1).replace(
        "\\\n", " ")


def command(engine, name, without=(), more=(), directory=None):
    """It, for the private Engine, without the options that match the patterns of `without`."""
    text = documented_command()
    for pattern in without:
        text, count = re.subn(pattern, "", text)
        check(f"the command of docs/image.md has {pattern}", 1, count)
    text = text.replace("/var/run/docker.sock", engine.socket).replace(
        "/var/run:", f"{directory or os.path.dirname(engine.socket)}:")
    text = text.replace("--name tidegauge", f"--name {name}").replace("-v tidegauge:", f"-v {name}:")
    options = " ".join(["docker run --health-interval=1s -e TIDEGAUGE_CONTAINER_MONITOR_INTERVAL=1s",
                        *more])
    return re.sub(r" tidegauge\s*$", f" {TAG}", text.replace("docker run", options, 1))


def check_as_documented(engine):
    with Container(engine, "tidegauge", command(engine, "tidegauge")) as daemon:
        check_soon("the daemon watches itself and its siblings by the kernel",
                   lambda: daemon.watches(["tidegauge", *SIBLINGS], "kernel"))
        check_soon("the health check finds it healthy", lambda: daemon.health() == "healthy")
        check("--healthcheck says so", 0, daemon.healthcheck())
        check("what only the kernel tells is there", True, has_swap(daemon))
        check("the network of the machine is not the container's", interfaces(), interfaces_shown(daemon))
        print_memory(engine, daemon)
        docker(engine, "start", "short")
        check_soon("it tells of an end", lambda: daemon.ends_of("short") == 1)
        check("--exits does too", True, "short" in docker(
            engine, "exec", "tidegauge", "/usr/bin/tidegauge", "--exits", text=True))
        check_restarts(engine, daemon)
        check_stop(engine)


def has_swap(daemon):
    """Which only the kernel tells."""
    return daemon.has("container_memory_swap", r"\d+", name=SIBLINGS[0])


def interfaces():
    """Those of this machine, without the other ends of containers' interfaces."""
    lines = pathlib.Path("/proc/1/net/dev").read_text(encoding="utf-8").splitlines()[2:]
    names = {line.partition(":")[0].strip() for line in lines}
    return {name for name in names if not name.startswith(("lo", "veth", "docker", "nerdctl"))}


def interfaces_shown(daemon):
    _, page = daemon.get("/metrics")
    return set(re.findall(r'^container_network_receive_bytes_total{id="/",interface="(.*?)"}', page,
                          re.MULTILINE))


def print_memory(engine, daemon):
    for _ in range(20):
        daemon.get("/metrics")
    pid = inspect(engine, daemon.name)["State"]["Pid"]
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    kibibytes = {name: int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE).group(1))
                 for name in ("VmRSS", "RssAnon", "RssFile")}
    print("memory with ten containers:", ", ".join(
        f"{name} {size / 1024:.1f} MiB" for name, size in kibibytes.items()), flush=True)


def check_restarts(engine, daemon):
    """One that ends the containers, and one that they outlive (live-restore)."""
    for ends_before, live_restore in enumerate((False, True), 1):
        pid = inspect(engine, daemon.name)["State"]["Pid"]
        engine.terminate()
        engine.configure({"live-restore": True})
        engine.start()
        check_soon("after a restart of the Engine all are watched again",
                   lambda: daemon.watches(["tidegauge", *SIBLINGS], "kernel"))
        check("the daemon was restarted too, unless the containers outlive the Engine", live_restore,
              pid == inspect(engine, daemon.name)["State"]["Pid"])
        check("the ends before are still known and counted", ends_before, daemon.ends_of("short"))
        docker(engine, "start", "short")
        check_soon("another end is told", lambda before=ends_before: daemon.ends_of("short") == before + 1)


def check_stop(engine):
    begin = time.monotonic()
    docker(engine, "stop", "tidegauge")
    check("it ends by SIGTERM", 0, inspect(engine, "tidegauge")["State"]["ExitCode"])
    check("within five seconds", True, time.monotonic() - begin < 5)


def check_protected(engine, directory):
    """TLS and a password, and --healthcheck, which has neither a certificate nor a password."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2", "-subj", "/CN=tidegauge-test", "-addext", "subjectAltName=IP:127.0.0.1",
        "-keyout", directory / "key.pem", "-out", directory / "cert.pem", stderr=subprocess.DEVNULL)
    (directory / "web.yml").write_text(json.dumps({
        "tls_server_config": {"cert_file": "cert.pem", "key_file": "key.pem"},
        "basic_auth_users": {USER_OF_PAGE: PASSWORD_HASH}}), encoding="utf-8")
    for path in directory.iterdir():
        path.chmod(0o644)
    options = [f"-v {directory}:/etc/tidegauge-web:ro",
               "-e TIDEGAUGE_WEB_CONFIG_FILE=/etc/tidegauge-web/web.yml"]
    trust = ["--cacert", directory / "cert.pem"]
    with Container(engine, "protected", command(engine, "protected", more=options)) as daemon:
        check_soon("with TLS and a password the health check finds it healthy",
                   lambda: daemon.health() == "healthy")
        check("--healthcheck says so", 0, daemon.healthcheck())
        check("a client without the password gets nothing", 401,
              daemon.get("/metrics", *trust, scheme="https")[0])
        check("a client with it gets the page", True, has_series(daemon.get(
            "/metrics", *trust, "--user", f"{USER_OF_PAGE}:{PASSWORD}", scheme="https")[1],
            "tidegauge_engine_up", 1))


def check_socket_alone(engine):
    without = [r"-v /proc:\S+ -e TIDEGAUGE_PATH_PROCFS=\S+", r"-v /sys:\S+ -e TIDEGAUGE_PATH_SYSFS=\S+"]
    with Container(engine, "socket-alone", command(engine, "socket-alone", without)) as daemon:
        check_soon("without /proc and /sys the numbers are the Engine's",
                   lambda: daemon.watches(["socket-alone", *SIBLINGS], "engine"))
        check("then there is less of them", False, has_swap(daemon))
        check("the container's network is not shown as the machine's", set(), interfaces_shown(daemon))


def check_behind_proxy(engine, directory):
    directory.chmod(0o755)
    allowed = engine_proxy.allowed_requests(source / "docs/security.md")
    without = [r'--group-add "\$\(.*?\)"']
    with engine_proxy.EngineProxy(str(directory / "docker.sock"), engine.socket, allowed) as proxy, \
            Container(engine, "proxied", command(engine, "proxied", without, directory=directory)) as daemon:
        check_soon("behind a proxy the daemon needs no group, and watches all",
                   lambda: daemon.watches(["proxied", *SIBLINGS], "kernel"))
        check("the proxy has refused nothing", [],
              [request for request in proxy.requests() if request.is_refused])


def check_daemon(engine):
    engine.create("short", {"Cmd": ["sh", "-c", "exit 3"]})
    for name in SIBLINGS:
        engine.create(name, SLEEPER)
        engine.do(name, "start")
    check_as_documented(engine)
    with tempfile.TemporaryDirectory(prefix="tidegauge-image-", dir="/var/tmp") as directory:
        web, proxied = (pathlib.Path(directory, name) for name in ("web", "proxied"))
        for path in (web, proxied, pathlib.Path(directory)):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        check_protected(engine, web)
        check_socket_alone(engine)
        check_behind_proxy(engine, proxied)


# --- main -----------------------------------------------------------------------------------------

def test_image(engine, cache, image):
    base = base_of_build(cache)
    with open(base, "rb") as file:
        docker(engine, "import", "-", BASE, stdin=file)
    if image:
        with open(image, "rb") as file:
            loaded = docker(engine, "load", "--quiet", stdin=file, text=True)
        docker(engine, "tag", re.search(r"Loaded image(?: ID)?: (\S+)", loaded).group(1), TAG)
    check_image(engine, None if image else build(engine))
    check_daemon(engine)


def main():
    global source  # pylint: disable=global-statement
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    source, guard, cache, *image = (pathlib.Path(path).absolute() for path in sys.argv[1:])
    missing = real_engine.missing_programs() + [
        name for name in ("docker", "mmdebstrap", "curl", "openssl", "git") if shutil.which(name) is None]
    if missing:
        sys.exit(f"missing: {' '.join(missing)}; scripts/test_image.sh installs all")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit("ended by a signal"))
    begin = time.monotonic()
    engine = real_engine.Engine(guard)
    try:
        test_image(engine, cache, image[0] if image else None)
    finally:
        engine.end()
    print(f"all checks pass in {time.monotonic() - begin:.0f} s")


main()
