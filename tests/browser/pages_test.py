#!/usr/bin/python3 -B
"""pages_test.py TIDEGAUGE SIMULATED_ENGINE ENGINE_GUARD CACHE [TEST...]: the pages in Chromium.

Debian's Chromium opens the pages of daemons that watch the simulated Engine, Engines that say
whatever a test wants, and a private dockerd. Each control is used as people use it. Wherever a page
was open, the console must be empty, nothing may have been asked of another host, and no dialog may
have opened. All tests run, or those whose names are given; the exit status is 1 if a check failed.
CACHE is a directory for axe-core, which is downloaded once. Needs root for the dockerd alone.
"""

import os
import signal
import sys
import tempfile
import time
import traceback

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import processes  # noqa: E402, found by the line above

import appearance_tests  # noqa: E402
import chromium  # noqa: E402
import engines_tests  # noqa: E402
import hostile_tests  # noqa: E402
import other_pages_tests  # noqa: E402
import overview_tests  # noqa: E402
import refreshing_tests  # noqa: E402
import served_tests  # noqa: E402
from checks import DEADLINE, failures  # noqa: E402
from stage import Stage  # noqa: E402

MODULES = (overview_tests, refreshing_tests, other_pages_tests, engines_tests, hostile_tests,
           appearance_tests, served_tests)


def all_tests():
    """By their names."""
    return {name: function for module in MODULES for name, function in vars(module).items()
            if name.startswith("test_")}


def run(name, test, stage):
    begin, failed_before = time.monotonic(), len(failures)
    print(f"--- {name}", flush=True)
    try:
        test(stage)
    except (Exception, SystemExit) as error:  # pylint: disable=broad-except
        failures.append(f"{name} runs to its end")  # and the other tests shall run
        print(error.code if isinstance(error, SystemExit) else traceback.format_exc())
    stage.programs.end()
    print(f"--- {name}: {len(failures) - failed_before} failures, "
          f"{time.monotonic() - begin:.1f} s", flush=True)


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    if missing := chromium.missing_packages():
        sys.exit(f"missing; on Debian: apt-get install {' '.join(missing)}")
    tests = all_tests()
    wanted = sys.argv[5:] or list(tests)
    if unknown := set(wanted) - set(tests):
        sys.exit(f"no such test: {' '.join(sorted(unknown))}; there are: {' '.join(tests)}")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tidegauge-browser-") as directory, \
            processes.Programs(directory, DEADLINE) as programs:
        stage = Stage(programs, *map(os.path.abspath, sys.argv[1:5]))
        for name in wanted:
            run(name, tests[name], stage)
    if failures:
        sys.exit("\n".join([f"{len(failures)} checks failed:", *failures]))
    print(f"all checks pass in {time.monotonic() - begin:.1f} s")


main()
