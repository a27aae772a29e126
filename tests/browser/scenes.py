"""Hosts that do not exist, for the pages to show: one with a container of each condition, one whose
texts are meant to do harm, and one with many containers."""

from scripted_engine import MEBIBYTE, Container, Load, in_project

GIBIBYTE = 1024 * MEBIBYTE


def harbour():
    """Two Compose projects and others, in every state that the Engine knows."""
    return [
        Container("web", labels=in_project("shop", "web"), health="healthy",
                  memory_limit=512 * MEBIBYTE, nano_cpus=1_500_000_000, pids_limit=200,
                  restart_policy="unless-stopped", age=7_300,
                  load=Load(cores=0.62, memory=300 * MEBIBYTE, receive=210_000,
                            transmit=1_900_000, processes=24, waves=0.7, period=300)),
        Container("api", labels=in_project("shop", "api"), health="healthy",
                  image="registry.example.org/shop/api:2.14.3", memory_limit=GIBIBYTE,
                  restart_policy="unless-stopped", age=7_290,
                  load=Load(cores=1.3, memory=700 * MEBIBYTE, receive=700_000,
                            transmit=450_000, processes=41, waves=0.8, period=190)),
        Container("db", labels=in_project("shop", "db"), image="postgres:17",
                  memory_limit=2 * GIBIBYTE, restart_policy="always", age=700_000,
                  load=Load(cores=0.35, memory=1.95 * GIBIBYTE, read=900_000, write=2_600_000,
                            processes=33, waves=0.5, period=420)),
        Container("worker", labels=in_project("shop", "worker"), state="restarting",
                  exit_code=1, restart_count=6, restart_policy="always", age=400),
        Container("mail", labels=in_project("shop", "mail"), state="exited", exit_code=0,
                  age=90_000),
        Container("prometheus", labels=in_project("watch", "prometheus"), age=300_000,
                  load=Load(cores=0.09, memory=420 * MEBIBYTE, write=90_000, waves=0.3)),
        Container("grafana", labels=in_project("watch", "grafana"), age=300_000,
                  load=Load(cores=0.02, memory=90 * MEBIBYTE)),
        Container("loki", labels=in_project("watch", "loki"), health="unhealthy",
                  failing_streak=7, health_output="connection refused\n", age=250_000,
                  load=Load(cores=0.04, memory=140 * MEBIBYTE)),
        Container("registry", image="registry:3", age=2_000_000, health="starting",
                  labels={"org.opencontainers.image.title": "Registry",
                          "com.example.owner": "platform"},
                  log=("level=info msg=started", "!level=error msg=refused"),
                  load=Load(cores=0.01, memory=35 * MEBIBYTE)),
        Container("build", state="paused", age=3_000,
                  load=Load(cores=0.0, memory=60 * MEBIBYTE, waves=0)),
        Container("backup", state="exited", exit_code=2, age=80_000),
        Container("import", state="created"),
        Container("refused", state="created", exit_code=127,
                  error='exec: "serve": executable file not found in $PATH'),
        Container("relic", state="dead", exit_code=137, age=900_000),
    ]


# What each would run, if a page took it for a part of itself.
HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(2)</script>",
    "' onmouseover='alert(3)' x='",
    "\" autofocus onfocus=\"alert(4)",
    "javascript:alert(5)",
    "</title></table></main><h1>owned",
    "<!-- --!> ]]> <![CDATA[",
    "${alert(6)}{{7*7}}",
    "a&amp;b&lt;",
    "a b#c?d=e&f%41%2f+",
    "%3Cimg%20src%3Dx%20onerror%3Dalert(7)%3E",
    "\\\"\\u003cimg\\n",
    "]'\"\\ , tr, *",  # for who builds selectors of it
    "__proto__",
    "constructor",
    "toString",
    "l\u00e4ng-\u8239\u8236-\u0440\u0443\u0441-\U0001f433",
    "\u05e9\u05dc\u05d5\u05dd",
    "x" * 400,
    "m" + "-\u00fc" * 120,
)
# Shown as their codes, because they would change the text around them.
TURNING_NAMES = ("abc\u202egnp.exe", "zero\u200bwidth", "line\nbreak\ttab\x1b[31m", "\u2066isolated")
HOSTILE_TEXT = "<img src=x onerror=alert(8)>\"><script>alert(9)</script>\u202e'"


def hostile():
    """Each text that an Engine sends is one that is meant to do harm."""
    containers = [
        Container(name, image=f"example/<b>{HOSTILE_TEXT}", age=100 + index,
                  labels={"javascript:alert(10)": "javascript:alert(11)", HOSTILE_TEXT: HOSTILE_TEXT,
                          "url": "data:text/html,<script>alert(12)</script>", "__proto__": "x",
                          "long": "y" * 5_000},
                  health="unhealthy", failing_streak=3, health_output=HOSTILE_TEXT,
                  interface="<svg onload=alert(13)>", command=HOSTILE_TEXT,
                  restart_policy="<i>always", network_mode="<u>net",
                  log=(HOSTILE_TEXT, "!" + HOSTILE_TEXT, "\x1b[31mred\x1b[0m \x07",
                       "<iframe src=javascript:alert(14)></iframe>"))
        for index, name in enumerate(HOSTILE_NAMES + TURNING_NAMES)]
    containers += [
        Container("twin", number=1),  # which no Engine should allow
        Container("twin", number=2),
        Container("failed", state="created", exit_code=127, error=HOSTILE_TEXT),
        Container("strange", state="<img src=x onerror=alert(15)>", health="<b>"),
        Container("in-project", labels=in_project("\"><img src=x onerror=alert(16)>", HOSTILE_TEXT)),
        Container("in-other-project", labels=in_project("__proto__", "constructor")),
        Container("in-turning-project", labels=in_project("\u202eabc", "x")),
    ]
    return containers


def many(count):
    """In projects of ten; every seventh is not as it should be."""
    containers = []
    for index in range(count):
        number, project = index % 10, index // 10
        odd = index % 7 == 3
        containers.append(Container(
            f"service-{index:03}", labels=in_project(f"project-{project:02}", f"service-{number}"),
            health="unhealthy" if odd else "healthy", failing_streak=3 if odd else 0,
            state="exited" if index % 23 == 5 else "running", age=1_000 + index * 37,
            memory_limit=256 * MEBIBYTE if index % 3 else 0,
            load=Load(cores=0.01 + index % 13 / 50, memory=(20 + index % 97) * MEBIBYTE,
                      waves=0.6, period=60 + index % 60)))
    return containers
