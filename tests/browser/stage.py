"""What a test has around it: daemons that watch made-up Engines, and a browser."""

import contextlib
import os
import time

import chromium
from checks import DEADLINE, check
from scripted_engine import ScriptedEngine
from support.daemon import Daemon

HURRY = 10  # a page refreshes itself that many times as often, where the time is not the question


class Stage:
    """`programs` has what was started; the others are paths of programs and of a directory."""

    def __init__(self, programs, tidegauge, simulated_engine, engine_guard, cache):
        self.programs = programs
        self.tidegauge = tidegauge
        self.simulated_engine = simulated_engine
        self.engine_guard = engine_guard
        self.cache = cache

    def scripted(self, containers, name="harbour"):
        path = os.path.join(self.programs.directory, f"scripted-{time.monotonic_ns()}.sock")
        return ScriptedEngine(path, containers, name)

    def start(self, engines, **sections):
        """A daemon; `engines` is an Engine, or several by their names. The rest are sections of its
        configuration."""
        if isinstance(engines, dict):
            paths = {name: engine.socket_path for name, engine in engines.items()}
        else:
            paths = engines.socket_path
        return Daemon(self.programs, self.tidegauge, paths, **sections)

    @contextlib.contextmanager
    def watched(self, containers, **sections):
        """An Engine with the containers, and a daemon that has seen them all twice."""
        engine = self.scripted(containers)
        daemon = self.start(engine, **sections)
        self.wait_for_samples(daemon, containers)
        yield engine, daemon
        daemon.process.end()
        engine.go_down()

    def wait_for_samples(self, daemon, containers):
        """Until there are rates: of two samples."""
        running = sum(one.state == "running" for one in containers)
        series = "\ncontainer_memory_usage_bytes{"
        end = time.monotonic() + DEADLINE
        while daemon.get("/metrics").text().count(series) < running:
            if time.monotonic() > end:
                self.programs.fail("the daemon does not sample all containers")
            time.sleep(0.1)
        time.sleep(2.5)  # the next samples, for which there is no sign


@contextlib.contextmanager
def opened(url, allowed=(), **options):
    """A browser with the page, and at the end the checks that hold for every page. `allowed` are
    patterns of what the console may say."""
    with chromium.Chromium(**options) as browser:
        browser.allowed += allowed
        browser.open(url)
        yield browser
        check("the console is empty", [], browser.complaints())
        check("nothing was asked of another host", [], browser.strangers())
        check("no dialog has opened", [], browser.ran())
