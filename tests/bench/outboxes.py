# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Part (m) of bench.py: what the outbox on disk costs over memory alone, and
what a slow disk does to the thread that records. `tools` is bench.py itself."""
import os
import shutil

US = 1e3  # ns

# Each policy where the service takes everything, and where it takes nothing, so
# that memory is full.
HEALTHY = ("never", "on-failure", "always")
STALLED = ("never", "on-failure", "always")
SMALL = 1000000

# Name, policy, ms that each call to the disk takes longer
DISKS = (
    ("memory", "never", 0),
    ("always", "always", 0),
    ("always.slow", "always", 50),
    ("on-failure.slow", "on-failure", 50),
)


def folder(bench):
    path = os.path.join(bench.folder, "outbox")
    shutil.rmtree(path, ignore_errors=True)
    return path


def measure(bench, tools):
    """One round."""
    options = bench.options
    count = options.packets
    pace = ("--pace", str(count / options.outbox_seconds))
    for policy in HEALTHY:
        more = f"outbox-policy={policy} outbox-location={folder(bench)}"
        with tools.server(bench) as it:
            bench.add_all(f"outbox.{policy}", tools.pipeline(
                bench, tools.sink(it.url, more), count, *pace))
    for policy in STALLED:
        more = f"outbox-policy={policy} outbox-location={folder(bench)} "
        if policy != "never":
            more += f"max-size-bytes={SMALL}"
        with tools.server(bench, "--stall") as it:
            bench.add_all(f"outbox.stall.{policy}", tools.pipeline(
                bench, tools.sink(it.url, more), count, *pace,
                "--stop-when-sent"))
    for name, policy, delay in DISKS:
        output, usage = tools.run(
            [bench.program("bench_outbox"), "--policy", policy, "--folder",
             folder(bench), "--count", str(options.outbox_packets), "--speed",
             "20", "--delay", str(delay), "--bound",
             "100000" if policy == "on-failure" else "0"])
        bench.add_all(f"disk.{name}", {**tools.parse(output), **usage})
    folder(bench)


def show(bench, table):
    seconds = bench.options.packets // 50
    table.add_title(f"(m) {seconds} s of Opus in "
                    f"{bench.options.outbox_seconds} s, over memory alone "
                    "(first column): outbox-policy=")
    for prefix, title in (("outbox", ""), ("outbox.stall", ", nothing taken")):
        for policy in ("on-failure", "always"):
            for what, name, unit, places in (
                    ("packet_mean", "a packet in the streaming thread (ns)",
                     1, 0),
                    ("packet_max", "dearest of them (µs)", US, 0),
                    ("run_cpu", "CPU of the process (ms)", 1e6, 0),
                    ("memory_highest", "memory (KiB)", 1, 0)):
                table.add_pair(bench, f"{policy}{title}: {name}",
                               f"{prefix}.{policy}", f"{prefix}.never", what,
                               unit, places)
    table.add_title("(m) the outbox alone, 20 times real time: wall time of a "
                    "packet in the streaming thread, µs; slow: 50 ms a call")
    for name, _, _ in DISKS[1:]:
        for what, title in (("cpu_mean", "CPU, mean"),
                            ("wall_median", "median"),
                            ("wall_p999", "99.9th percentile"),
                            ("wall_max", "longest")):
            table.add_pair(bench, f"{name}: {title}", f"disk.{name}",
                           "disk.memory", what, US, 2,
                           goal="< 1000" if what == "wall_max" else "")
        table.add(f"{name}: longest of all rounds",
                  f"{bench.most('disk.memory.wall_max') / US:.2f}",
                  f"{bench.most(f'disk.{name}.wall_max') / US:.2f}")
