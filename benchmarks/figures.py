"""What the benchmarks in Python share: the report of a figure, and the CPU time of the threads that
serve. Used by one benchmark at a time."""

import glob
import json

_fell_short = []  # the names of figures beyond their limits


def report(name, value, unit, baseline=None, limit=None):
    """Prints one JSON object. The limit is on the ratio where there is a baseline."""
    ratio = value / baseline if baseline else None
    holds = None if limit is None else (ratio if baseline else value) <= limit
    if holds is False:
        _fell_short.append(name)
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit,
                      "baseline": baseline and round(baseline, 3),
                      "ratio": ratio and round(ratio, 4), "limit": limit, "holds": holds}),
          flush=True)


def fell_short():
    """Whether a figure that was reported is beyond its limit."""
    return bool(_fell_short)


def serving_cpu_seconds(pid):
    """The CPU time of a daemon's threads that serve. Other threads sample the containers."""
    total = 0
    for task in glob.glob(f"/proc/{pid}/task/*"):
        with open(task + "/comm", encoding="ascii") as name, \
                open(task + "/schedstat", encoding="ascii") as schedstat:
            if name.read().strip() in ("acceptor", "web", "MHD-single"):
                total += int(schedstat.read().split()[0])
    return total * 1e-9
