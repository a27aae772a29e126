"""Engines that go down, a daemon that goes away, a lively Engine and a real one."""

import os

import page_parts as parts
import scenes
from checks import check, check_soon
from overview_tests import check_links
from page_parts import ContainerTable
from scripted_engine import Container
from stage import HURRY, opened
from support import real_engine
from support.daemon import Daemon, Proxy, SimulatedEngine


def test_engine_down(stage):
    engines = {"harbour": stage.scripted(scenes.harbour()),
               "yard": stage.scripted([Container("crane")], "yard")}
    daemon = stage.start(engines)
    stage.wait_for_samples(daemon, scenes.harbour())
    with opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        check("containers of all Engines are shown", True,
              {"harbour/web", "yard/crane"} <= set(table.keys()))
        check("both Engines are shown", [True, True],
              [name in browser.text("section#engines") for name in engines])
        engines["yard"].die("crane", exit_code=1)
        check_soon("an end is told", True, lambda: "crane" in browser.text("section#ends"))
        engines["yard"].start("crane")
        engines["yard"].go_down()
        check_soon("an Engine that is down needs attention", True,
                   lambda: any("yard" in text and "down" in text.lower()
                               for text in browser.texts(parts.PROBLEMS)))
        check("the table of Engines says so", True,
              "down" in browser.text("section#engines").lower())
        check("containers of the other Engine are still shown", True, "web" in table.names())
        state = table.cell("crane", "state")
        check("the state of a container of the Engine is not made up", True,
              state is None or "running" not in state)
        check_links(browser, daemon)
        engines["yard"].come_up()
        check_soon("an Engine that is up again needs no attention", False,
                   lambda: any("yard" in text for text in browser.texts(parts.PROBLEMS)))
        check_soon("its containers are shown again", "running",
                   lambda: table.cell("crane", "state"))


def test_engine_never_up(stage):
    engine = stage.scripted([])
    engine.go_down()
    daemon = stage.start(engine)
    with opened(daemon.url, hurry=HURRY) as browser:
        check_soon("an Engine that was never there needs attention", True,
                   lambda: "down" in " ".join(browser.texts(parts.PROBLEMS)).lower())
        engine.come_up()
        engine.add(Container("late"))
        check_soon("once it is there, its containers are shown", True,
                   lambda: "late" in ContainerTable(browser).names())
        ContainerTable(browser).search("late")
        check("a table that was empty can be searched", ["late"], ContainerTable(browser).names())


def test_daemon_away(stage):
    with stage.watched(scenes.harbour()) as (_, daemon):
        proxy = Proxy(daemon)
        with opened(proxy.url, hurry=HURRY, allowed=["502", "Bad Gateway"]) as browser:
            table = ContainerTable(browser)
            names = table.names()
            outside_table = "return document.body.innerText.replace(arguments[0], '')"
            before = browser.run(outside_table, "")
            proxy.is_broken = True
            browser.wait_for_refresh(2)
            check("without an answer the rows stay", names, table.names())
            check("without an answer the page says so", True,
                  browser.run(outside_table, "") != before)
            told = browser.run("const told = [...document.querySelectorAll("
                               "'[role=alert], [role=status], [aria-live]')];"
                               "return told.filter(one => one.getClientRects().length"
                               " && one.id !== 'shown').map(one => one.textContent).join(' ')")
            check("it is told to screen readers", True, told.strip() != "")
            proxy.is_broken = False
            browser.wait_for_refresh(3, seconds=60)
            check("with an answer the page goes on", names, table.names())
            check_soon("it says no more that there is none", False, lambda: browser.run(
                "return document.body.innerText.includes(arguments[0])", told.strip() or "\0"))
        proxy.end()


def test_simulated_engine(stage):
    """A lively one: containers come, go and change all the time."""
    # Processes of this machine may have the numbers of the simulated ones.
    daemon = stage.start(SimulatedEngine(stage.programs, stage.simulated_engine, 60, events_per_second=20),
                   container_monitor={"stats_source": "engine"})
    check_soon("all containers are seen", True, lambda: daemon.get(
        "/api/v1/containers").text().count('"name"') >= 50)
    with opened(daemon.url, hurry=HURRY) as browser:
        table = ContainerTable(browser)
        table.sort("cpu")
        for turn in range(15):
            browser.wait_for_refresh()
            keys = table.keys()
            if len(keys) != len(set(keys)) or set(table.sorted_by()) != {"cpu"}:
                check("a page of a lively Engine stays in order", "one row each, sorted by CPU",
                      (turn, sorted(keys), table.sorted_by()))
                break
        served = {one["name"] for one in daemon.get("/api/v1/containers").json()["containers"]}
        shown = {key.partition("/")[2] for key in table.keys()}
        check("what is shown is nearly what there is", True, len(served ^ shown) <= 10)
    daemon.process.end()


def test_real_engine(stage):
    missing = real_engine.missing_programs()
    if missing or os.geteuid() != 0:
        check("a private dockerd can be started", "root, and nothing missing", missing or "no root")
        return
    engine = real_engine.Engine(stage.engine_guard)
    try:
        labels = {"com.docker.compose.project": "sea", "com.docker.compose.service": "wave"}
        for name, spec in {
                "wave": {"Cmd": ["sleep", "inf"], "Labels": labels,
                         "HostConfig": {"Memory": 64 << 20}},
                "ill": {"Cmd": ["sleep", "inf"],
                        "Healthcheck": {"Test": ["CMD", "false"], "Interval": 10 ** 9,
                                        "Retries": 1}},
                "failed": {"Cmd": ["sh", "-c", "echo the end; exit 3"]}}.items():
            engine.create(name, spec)
            engine.do(name, "start")
        daemon = Daemon(stage.programs, stage.tidegauge, engine.socket,
                        web={"show_processes": True, "show_logs": True})
        check_soon("the daemon has found all", 3, lambda: len(daemon.get(
            "/api/v1/containers").json()["containers"]))
        with opened(daemon.url, hurry=HURRY) as browser:
            table = ContainerTable(browser)
            check("a real Engine's containers are shown", {"local/wave", "local/ill", "local/failed"},
                  set(table.keys()))
            check_soon("a real Engine's numbers are shown", True,
                       lambda: any(map(str.isdigit, table.cell("wave", "memory"))))
            check_soon("a real failing check needs attention", True, lambda: any(
                "ill" in text for text in browser.texts(parts.PROBLEMS)))
            engine.do("wave", "restart?t=0")
            check_soon("a restart is shown", "1", lambda: table.cell("wave", "restarts"))
            browser.first(f"{parts.ROW}[data-key='local/wave'] a").click()
            check("a real container has its page", "wave", browser.text("h1"))
            check_soon("its processes are shown", True,
                       lambda: "sleep" in browser.text("section#processes"))
            check_soon("its end is shown", True, lambda: "137" in browser.text("section#ends")
                       or "killed" in browser.text("section#ends")
                       or "stopped" in browser.text("section#ends"))
            browser.open(daemon.url + parts.container_page("failed"))
            browser.first(parts.SHOW_LOG).click()
            check_soon("its log is shown", True,
                       lambda: "the end" in browser.text("section#log"))
        daemon.process.end()
    finally:
        engine.end()


# What an operator has to find on the page alone, and what the page calls it.
PLANTED = {
    "ill": "Unhealthy", "full": "Near its memory limit", "failed": "Failed",
    "hungry": "Killed for memory", "busy": "Throttled", "refused": "Not started",
    "looping": "Restart loop", "crowded": "Near its limit of processes"}


def test_planted_problems(stage):
    """Eight problems of a real host are found from the page alone; a container that is well and one
    that was stopped are no problems."""
    if real_engine.missing_programs() or os.geteuid() != 0:
        return  # which test_real_engine tells
    engine = real_engine.Engine(stage.engine_guard)
    try:
        plant_problems(engine)
        daemon = Daemon(stage.programs, stage.tidegauge, engine.socket)
        with opened(daemon.url, hurry=HURRY) as browser:
            for name, kind in PLANTED.items():
                check_soon(f"{name} is told as: {kind}", True, lambda: any(
                    f"{kind} {name} " in text + " " for text in browser.texts(parts.PROBLEMS)))
            told = browser.texts(parts.PROBLEMS)
            for name in ("well", "parked"):
                check(f"{name} is no problem", [],
                      [text for text in told if f" {name} " in text])
        daemon.process.end()
    finally:
        engine.end()


def plant_problems(engine):
    sleep = {"Cmd": ["sleep", "inf"]}
    mebibyte = 1 << 20
    failing_check = {"Test": ["CMD", "false"], "Interval": 10 ** 9, "Retries": 1}
    for name, spec in {
            "well": sleep,
            # The Engine leaves "unhealthy" behind when it stops a container with a health check.
            "parked": {**sleep, "Healthcheck": failing_check},
            "ill": {**sleep, "Healthcheck": failing_check},
            "full": {"Cmd": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=64k count=976; sleep inf"],
                     "HostConfig": {"Memory": 64 * mebibyte}},
            "failed": {"Cmd": ["sh", "-c", "exit 3"]},
            "hungry": {"Cmd": ["tail", "/dev/zero"],
                       "HostConfig": {"Memory": 16 * mebibyte, "MemorySwap": 16 * mebibyte}},
            "busy": {"Cmd": ["sh", "-c", "while true; do :; done"],
                     "HostConfig": {"CpuPeriod": 100000, "CpuQuota": 5000}},
            "refused": {"Cmd": ["nonsense"]},
            "looping": {"Cmd": ["sh", "-c", "exit 1"],
                        "HostConfig": {"RestartPolicy": {"Name": "always"}}},
            "crowded": {"Cmd": ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep inf & done; wait"],
                        "HostConfig": {"PidsLimit": 10}}}.items():
        engine.create(name, spec)
        engine.try_to("POST", f"/containers/{name}/start")
    engine.do("parked", "stop?t=0")
