#!/usr/bin/env python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures ekascribesink against fakesink and curl, and prints a table.

What is compared runs in turn within each round, so that a change of the
machine's speed meets all alike; a number is the median over the rounds, and so
are differences and ratios: first within a round, then the median. The server is
a process of its own, so that its time counts for nobody.
"""
import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

import calls
import containers
import cuts
import outboxes
import streams

MS = 1e6  # ns
TOKEN = "bench-token-that-nobody-knows"


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.programs = os.path.join(options.build, "tests", "bench")
        self.packets = os.path.join(folder, "packets")
        self.pcm = os.path.join(folder, "pcm")
        self.chunks = os.path.join(folder, "chunks")
        self.values = {}
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            os.environ.pop(name, None)
            os.environ.pop(name.upper(), None)
        os.environ.update(
            GST_PLUGIN_PATH_1_0=os.path.join(options.build, "gst", "ekascribe"),
            GST_REGISTRY_1_0=os.path.join(folder, "registry"),
            EKASCRIBE_OUTBOX=os.path.join(folder, "outbox"),
            EKASCRIBE_ACCESS_TOKEN=TOKEN)

    def program(self, name):
        return os.path.join(self.programs, name)

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def add_all(self, prefix, numbers):
        for name, value in numbers.items():
            self.add(f"{prefix}.{name}", value)

    def median(self, name):
        values = self.values.get(name)
        return statistics.median(values) if values else float("nan")

    def more(self, name, base):
        """How much more than @base."""
        return statistics.median(
            value - other for value, other in
            zip(self.values[name], self.values[base], strict=True))

    def times_curl(self, name):
        """How much more than fakesink, in units of what curl takes."""
        return statistics.median(
            (value - other) / unit for value, other, unit in
            zip(self.values[f"eka.{name}"], self.values[f"fake.{name}"],
                self.values["curl.process_cpu"], strict=True))

    def ratio(self, name, unit):
        return statistics.median(
            value / other for value, other in
            zip(self.values[name], self.values[unit], strict=True))

    def most(self, name):
        return max(self.values.get(name, [float("nan")]))


def parse(text):
    """The numbers that our programs print, one `name value` a line."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2}


def run(arguments, **more):
    """Runs a program; returns its output, CPU and wall time and its end."""
    began = time.monotonic_ns()
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True, **more)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    ended = time.monotonic_ns()
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        sys.stderr.write(output)
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}")
    return output, {
        "process_cpu": (usage.ru_utime + usage.ru_stime) * 1e9,
        "process_wall": ended - began,
        "ended": ended,
    }


class Server:
    """The swallowing server; what it saw is in `seen` when it has ended."""
    url = None
    seen = None


@contextmanager
def server(bench, *arguments):
    process = subprocess.Popen([bench.program("bench_server"), *arguments],
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
    it = Server()
    try:
        it.url = process.stdout.readline().strip()
        yield it
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
        it.seen = parse(output)


def sink(url, more=""):
    return f"ekascribesink base-url={url} {more}"


def pipeline(bench, target, count, *more):
    output, usage = run([bench.program("bench_pipeline"), "--packets",
                         bench.packets, "--count", str(count), "--sink",
                         target, *more])
    return {**parse(output), **usage}


def prepare(bench):
    """Packets once, and the chunks that the element makes of an hour."""
    for kind, path in (("opus", bench.packets), ("pcm", bench.pcm)):
        run([bench.program("bench_prepare"), str(bench.options.prepared),
             path, kind])
    os.mkdir(bench.chunks)
    with server(bench, "--directory", bench.chunks) as it:
        pipeline(bench, sink(it.url), bench.options.packets)
    names = sorted(os.listdir(bench.chunks),
                   key=lambda name: int(re.findall(r"\d+", name)[-1]))
    bench.names = names
    bench.sizes = [os.path.getsize(os.path.join(bench.chunks, name))
                   for name in names]


def curl(bench, url):
    """One process, one connection, the same requests as the element's."""
    config = os.path.join(bench.folder, "curl.conf")
    with open(config, "w", encoding="utf-8") as file:
        for number, name in enumerate(bench.names):
            file.write("next\n" if number else "")
            file.write(
                f'url = "{url}/upload/ses_curl/{name}"\n'
                f'data-binary = "@{os.path.join(bench.chunks, name)}"\n'
                'header = "Content-Type: audio/ogg;codecs=opus"\n'
                f'header = "Authorization: Bearer {TOKEN}"\n'
                'output = "/dev/null"\nsilent\nfail\nnoproxy = "*"\n')
    return run(["curl", "-q", "--config", config])[1]


def soup(bench, url):
    """The same with libsoup and nothing around it."""
    return run([bench.program("bench_soup"), url,
                *(os.path.join(bench.chunks, name)
                  for name in bench.names)])[1]


def measure_hour(bench):
    """(a) healthy, (b) and (d): as fast as possible, side by side."""
    count = bench.options.packets
    bench.add_all("fake", pipeline(bench, "fakesink", count))
    with server(bench) as it:
        bench.add_all("eka", pipeline(bench, sink(it.url), count))
    bench.add_all("eka.server", it.seen)
    with server(bench) as it:
        bench.add_all("curl", curl(bench, it.url))
    bench.add_all("curl.server", it.seen)
    with server(bench) as it:
        bench.add_all("soup", soup(bench, it.url))
    with server(bench, "--stall") as it:
        bench.add_all("stall", pipeline(bench, sink(it.url), count,
                                        "--stop-when-sent"))


def measure_end(bench):
    """(c): from the final answer to the end of gst-launch."""
    path = os.path.join(bench.chunks, bench.names[0])
    with server(bench, "--hold", "14000", "--processing", "300") as it:
        _, usage = run(["gst-launch-1.0", "-q", "filesrc", f"location={path}",
                        "!", "oggdemux", "!", "ekascribesink",
                        f"base-url={it.url}"])
    bench.add("end.delay", usage["ended"] - it.seen["final_time"])


def measure_memory(bench):
    """(e): an hour of audio, a little at a time."""
    count = bench.options.packets
    pace = str(count / bench.options.memory_seconds)
    with server(bench) as it:
        bench.add_all("memory", pipeline(bench, sink(it.url), count, "--pace",
                                         pace))
    bench.add_all("memory.fake",
                  pipeline(bench, "fakesink", count, "--pace", pace))


def measure_many(bench):
    """(f): many live elements, half of which wait for results."""
    options = bench.options
    arguments = [bench.program("bench_many"), "--packets", bench.packets,
                 "--elements", str(options.elements), "--early",
                 str(options.many_seconds * 50 // 3), "--count",
                 str(options.many_seconds * 50), "--sink"]
    output, usage = run([*arguments, "fakesink"])
    bench.add_all("many.fake", parse(output))
    with server(bench, "--hold", "14000", "--processing", "14000") as it:
        output, usage = run([*arguments, sink(
            it.url, f"max-chunk-duration={2 * 10**9}")])
    bench.add_all("many", {**parse(output), **usage})
    bench.add_all("many.server", it.seen)


class Table:
    """Rows of text under a heading, as wide as they have to be."""

    def __init__(self):
        self.rows = [("", "fakesink", "ekascribesink", "more", "goal")]

    def add(self, what, base="", value="", more="", goal=""):
        self.rows.append((what, base, value, more, goal))

    def add_pair(self, bench, title, name, base, what, unit, places=0,
                 goal=""):
        """A number of a run beside that of the run into fakesink."""
        name, base = f"{name}.{what}", f"{base}.{what}"
        self.add(title, f"{bench.median(base) / unit:.{places}f}",
                 f"{bench.median(name) / unit:.{places}f}",
                 f"{bench.more(name, base) / unit:.{places}f}", goal)

    def add_title(self, title):
        self.rows.append((title,))

    def print(self):
        full = [row for row in self.rows if len(row) > 1]
        widths = [max(len(row[i]) for row in full) for i in range(5)]
        for row in self.rows:
            if len(row) == 1:
                print("\n" + row[0])
            else:
                print("  ".join([row[0].ljust(widths[0]),
                                 *(text.rjust(width) for text, width in
                                   zip(row[1:], widths[1:]))]).rstrip())


def show_packets(bench, table):
    table.add_title("(a) thread CPU time of one packet in the streaming thread")
    for name, title in (("eka", "healthy server"), ("stall", "stalled server")):
        for what, goal in (("mean", "< 1000"), ("median", "")):
            table.add_pair(bench, f"{title}, {what} (ns)", name, "fake",
                           f"packet_{what}", 1, goal=goal)
        for what, row in (("first", "first"), ("max", "dearest other")):
            table.add(f"{title}, {row} (µs)",
                      f"{bench.median(f'fake.packet_{what}') / 1e3:.0f}",
                      f"{bench.median(f'{name}.packet_{what}') / 1e3:.0f}", "",
                      "< 1000")
        table.add(f"{title}, dearest of all rounds (µs)",
                  f"{bench.most('fake.packet_max') / 1e3:.0f}",
                  f"{bench.most(f'{name}.packet_max') / 1e3:.0f}")


def show_hour(bench, table):
    seconds = bench.options.packets // 50
    table.add_title(f"(b) {seconds} s of Opus in {len(bench.names)} chunks, "
                    f"{sum(bench.sizes) / 1e6:.1f} MB, as fast as possible")
    for what, title in (
            ("process_cpu", "CPU, whole process (ms)"),
            ("run_cpu", "CPU, playing to EOS (ms)"),
            ("streaming_cpu", "of it the streaming thread (ms)"),
            ("worker_cpu", "the network thread (ms)"),
            ("others_cpu", "all others, from the process's start (ms)"),
            ("process_wall", "wall, whole process (ms)"),
            ("run_wall", "wall, playing to EOS (ms)")):
        table.add_pair(bench, title, "eka", "fake", what, MS)
    table.add("curl, CPU (ms)", "", "",
              f"{bench.median('curl.process_cpu') / MS:.0f}")
    table.add("libsoup alone, CPU (ms)", "", "",
              f"{bench.median('soup.process_cpu') / MS:.0f}")
    table.add("curl, wall (ms)", "", "",
              f"{bench.median('curl.process_wall') / MS:.0f}")
    table.add("CPU of the whole process, times curl's", "", "",
              f"{bench.times_curl('process_cpu'):.2f}", "<= 2")
    table.add("CPU from playing to EOS, times curl's", "", "",
              f"{bench.times_curl('run_cpu'):.2f}")
    table.add("CPU of the network thread, times curl's", "", "",
              f"{bench.times_curl('worker_cpu'):.2f}")
    table.add("CPU of libsoup alone, times curl's", "", "",
              f"{bench.ratio('soup.process_cpu', 'curl.process_cpu'):.2f}")


def show_end(bench, table):
    table.add_title("(c) from the final answer to the end of gst-launch")
    table.add("median (ms)", "", f"{bench.median('end.delay') / MS:.1f}", "",
              "<= 50")
    table.add("longest (ms)", "", f"{bench.most('end.delay') / MS:.1f}")
    table.add_title("(d) connections in a session")
    table.add("ekascribesink", "",
              f"{bench.median('eka.server.connections'):.0f}", "", "1")
    table.add("curl", "", f"{bench.median('curl.server.connections'):.0f}")


def show_memory(bench, table):
    table.add_title("(e) resident memory (KiB)")
    for what, title in (("memory_early", "after a twelfth (5 min of an hour)"),
                        ("memory_late", "at the end"),
                        ("memory_highest", "highest")):
        table.add_pair(bench, title, "memory", "memory.fake", what, 1)
    table.add_pair(bench, "growth from the one to the other", "memory",
                   "memory.fake", "memory_growth", 1, goal="flat")


def show_many(bench, table):
    options = bench.options
    table.add_title(
        f"(f) {options.elements} live elements in one process, chunks of 2 s "
        f"for {options.many_seconds} s, half of them wait for results")
    for what, title, unit, places in (
            ("threads", "threads", 1, 0),
            ("cpu_share", "CPU (% of a core)", .01, 1),
            ("memory", "memory (MiB)", 1024, 1)):
        table.add_pair(bench, title, "many", "many.fake", what, unit, places)
    table.add("chunks uploaded", "", f"{bench.median('many.chunks'):.0f}")
    table.add("connections", "",
              f"{bench.median('many.server.connections'):.0f}")
    table.add("polls held by the server", "",
              f"{bench.median('many.server.held'):.0f}")
    table.add("end of a chunk to its acknowledgement, mean (ms)", "",
              f"{bench.median('many.delay_mean') / MS:.0f}")
    table.add("the same, longest of all (ms)", "",
              f"{bench.most('many.delay_max') / MS:.0f}", "",
              "< a poll, 14000")


def show_chunker(bench):
    print("\nthe chunker alone, in thread CPU time")
    print(run([bench.program("bench_chunker")])[0], end="")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="aefghijklmno", metavar="LETTERS",
                        help="a: (a) to (d), e to o: that part; default: all")
    parser.add_argument("--smoke", action="store_true",
                        help="tiny counts: only to see that it runs")
    options = parser.parse_args()
    options.packets = 180000
    options.prepared = 15000
    options.elements = 100
    options.many_seconds = 9
    options.memory_seconds = 10
    options.latency_seconds = 10
    options.stream_seconds = 60
    options.mute_elements = 20
    options.mute_seconds = 18
    options.cut_seconds = 660
    options.container_seconds = 600
    options.outbox_seconds = 10
    options.outbox_packets = 10000
    options.voices = 6
    options.call_seconds = 12
    options.calls = 200
    options.calls_seconds = 20
    if options.smoke:
        options.rounds = 1
        options.packets = 6000
        options.prepared = 500
        options.elements = 4
        options.many_seconds = 3
        options.memory_seconds = 1
        options.latency_seconds = 1
        options.stream_seconds = 1
        options.mute_elements = 2
        options.mute_seconds = 5
        options.cut_seconds = 60
        options.container_seconds = 50
        options.outbox_seconds = 1
        options.outbox_packets = 1500
        options.voices = 2
        options.call_seconds = 1
        options.calls = 3
        options.calls_seconds = 2
    return options


def measure(bench):
    only = bench.options.only
    for number in range(bench.options.rounds):
        print(f"round {number + 1} of {bench.options.rounds}",
              file=sys.stderr)
        if "a" in only:
            measure_hour(bench)
            measure_end(bench)
        if "e" in only:
            measure_memory(bench)
        if "f" in only:
            measure_many(bench)
        streams.measure(bench, sys.modules[__name__])
        if "l" in only:
            containers.measure(bench, sys.modules[__name__])
        if "m" in only:
            outboxes.measure(bench, sys.modules[__name__])
        calls.measure(bench, sys.modules[__name__])
    if "k" in only:
        cuts.measure(bench, sys.modules[__name__])


def main():
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="ekascribe-bench-") as folder:
        bench = Bench(options, folder)
        table = Table()
        prepare(bench)
        measure(bench)
        if "a" in options.only:
            show_packets(bench, table)
            show_hour(bench, table)
            show_end(bench, table)
        if "e" in options.only:
            show_memory(bench, table)
        if "f" in options.only:
            show_many(bench, table)
        streams.show(bench, table)
        if "m" in options.only:
            outboxes.show(bench, table)
        calls.show(bench, table)
        print(f"medians of {options.rounds} rounds, "
              f"{os.cpu_count()} processors")
        table.print()
        if "k" in options.only:
            cuts.show(bench)
        if "l" in options.only:
            containers.show(bench)
        show_chunker(bench)


if __name__ == "__main__":
    main()
