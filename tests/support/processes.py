"""Programs that a test in Python starts: each writes its log into a file, and none outlives the test.

    with processes.Programs(directory) as programs:
        port = programs.start("server", ["server", "--port=0"]).wait_for(r"port=(\\d+)")

A test that fails ends by `programs.fail(...)`, which prints the logs of all. Used by the thread of
the test alone.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time


class Programs:
    """Those of one test, in its directory. `deadline` is in seconds, for whatever is waited for."""

    def __init__(self, directory, deadline=20.0):
        self.directory = directory
        self.deadline = deadline
        self.all = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def start(self, name, command, **options):
        """The options are those of subprocess.Popen."""
        return Process(self, name, command, options)

    def fail(self, message):
        logs = "".join(f"--- log of {process.name}:\n{process.log()[-4000:]}\n"
                       for process in self.all)
        sys.exit(f"{logs}FAILED: {message}")

    def end(self):
        """The last one first."""
        for process in reversed(self.all):
            process.end()


class Process:
    def __init__(self, programs, name, command, options):
        self.programs = programs
        self.name = name
        self.log_path = os.path.join(programs.directory, f"{len(programs.all)}-{name}.log")
        options.setdefault("env", clean_environment())
        with open(self.log_path, "wb") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          preexec_fn=die_with_parent, **options)
        programs.all.append(self)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_for(self, pattern):
        """The first group of the pattern in the log."""
        end = time.monotonic() + self.programs.deadline
        while time.monotonic() < end:
            is_running = self.child.poll() is None  # before the log is read
            if found := re.search(pattern, self.log()):
                return found.group(1)
            if not is_running:
                break
            time.sleep(0.05)
        return self.programs.fail(f"{self.name} does not say {pattern}")

    def end(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()


def clean_environment():
    """What is set on the machine must not have a say."""
    return {"LC_ALL": "C", **{name: os.environ[name] for name in os.environ
                              if name == "PATH" or name.endswith("SAN_OPTIONS")}}


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
