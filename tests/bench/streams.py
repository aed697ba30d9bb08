# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of bench.py that stream: (g) to (j). `tools` is bench.py itself."""
import bisect
import os
import statistics

MS = 1e6  # ns
KINDS = (("pcm", "PCM"), ("opus", "Opus"))
PATIENCE = 10  # s without a sign of life, then a stream is given up
SETTLED = 3    # s after which all streams are open, and nothing is made anew


def packets(bench, kind):
    return bench.pcm if kind == "pcm" else bench.packets


def sink(tools, url, more=""):
    return tools.sink(url, f"name=eka upload-type=stream {more}")


def read_pairs(text):
    return [tuple(map(int, line.split())) for line in text.splitlines()]


def measure_latency(bench, tools, kind, form):
    """(g): from the pad to the server, of each buffer's last sample."""
    path = os.path.join(bench.folder, "arrivals")
    with tools.server(bench, "--arrivals", path) as it:
        output, _ = tools.run([
            bench.program("bench_latency"), "--packets", packets(bench, kind),
            "--count", str(bench.options.latency_seconds * 50), "--sink",
            sink(tools, it.url, f"stream-format={form}")])
    with open(path, encoding="utf-8") as file:
        there = read_pairs(file.read())
    ends = [size // 2 for _, size in there]
    delays = []
    for time, samples in read_pairs(output):
        at = bisect.bisect_left(ends, samples)
        if at < len(there):  # else the decoder kept the last of it
            delays.append(there[at][0] - time)
    steps = statistics.quantiles(delays, n=100, method="inclusive")
    name = f"latency.{kind}.{form}"
    bench.add(f"{name}.median", statistics.median(delays))
    bench.add(f"{name}.p99", steps[98])
    bench.add(f"{name}.max", max(delays))
    bench.add(f"{name}.buffers", len(delays))


def measure_cpu(bench, tools, kind):
    """(h): an hour, or ten minutes where it has to be decoded."""
    count = bench.options.packets
    if kind == "opus":
        count //= 6
    targets = {"fake": "fakesink"}
    if kind == "opus":
        targets["decode"] = ("opusdec ! audioconvert ! audioresample ! "
                             "audio/x-raw,format=S16LE,rate=16000 ! fakesink")
    for name, target in targets.items():
        _, usage = play(bench, tools, kind, target, count)
        bench.add_all(f"cpu.{kind}.{name}", usage)
    with tools.server(bench) as it:
        _, usage = play(bench, tools, kind,
                        sink(tools, it.url, "stream-fallback=false"), count)
    bench.add_all(f"cpu.{kind}.eka", usage)


def play(bench, tools, kind, target, count):
    output, usage = tools.run([
        bench.program("bench_pipeline"), "--packets", packets(bench, kind),
        "--count", str(count), "--sink", target])
    return output, {**tools.parse(output), **usage}


def many(bench, tools, kind, elements, seconds, target, *more):
    output, usage = tools.run([
        bench.program("bench_many"), "--packets", packets(bench, kind),
        "--elements", str(elements), "--early", str(seconds * 50), "--count",
        str(seconds * 50), "--sink", target, *more])
    return {**tools.parse(output), **usage}


def measure_many(bench, tools, kind):
    """(i): many live streams in one process."""
    options = bench.options
    arguments = (options.elements, options.stream_seconds)
    bench.add_all(f"many.{kind}.fake",
                  many(bench, tools, kind, *arguments, "fakesink"))
    with tools.server(bench) as it:
        bench.add_all(f"many.{kind}.eka", many(
            bench, tools, kind, *arguments,
            sink(tools, it.url, "stream-fallback=false")))
    bench.add_all(f"many.{kind}.server", it.seen)


def measure_mute(bench, tools, fallback):
    """(j): the service takes the handshake and then reads nothing. Chunks are
    short, for only what has been cut counts as kept."""
    options = bench.options
    with tools.server(bench, "--mute") as it:
        seen = many(bench, tools, "pcm", options.mute_elements,
                    options.mute_seconds,
                    sink(tools, it.url, f"timeout={PATIENCE} "
                         f"stream-fallback={fallback} "
                         f"max-chunk-duration={10**9}"), "--samples")
    # From when the streams are open to just before the watchdog, to the end.
    last = max(int(key[7:]) for key in seen if key.startswith("memory_"))
    hung = min(PATIENCE - 1, last)
    for name, first, end in (("hung", min(SETTLED, hung - 1), hung),
                             ("all", min(SETTLED, hung - 1), last)):
        for what in ("memory", "kept"):
            bench.add(f"mute.{fallback}.{name}.{what}",
                      seen[f"{what}_{end}"] - seen[f"{what}_{first}"])
        bench.add(f"mute.{fallback}.{name}.audio",
                  (end - first) * 32000 * options.mute_elements / 1024)
        bench.add(f"mute.{fallback}.{name}.seconds", end - first)


def measure(bench, tools):
    only = bench.options.only
    if "g" in only:
        measure_latency(bench, tools, "pcm", "pcm")
        measure_latency(bench, tools, "opus", "pcm")
        measure_latency(bench, tools, "pcm", "json")
    if "h" in only:
        for kind, _ in KINDS:
            measure_cpu(bench, tools, kind)
    if "i" in only:
        measure_many(bench, tools, "pcm")
        measure_many(bench, tools, "opus")
    if "j" in only:
        for fallback in ("false", "true"):
            measure_mute(bench, tools, fallback)


def show_latency(bench, table):
    table.add_title("(g) from a buffer of 20 ms at the pad to the server, live")
    for kind, form in (("pcm", "pcm"), ("opus", "pcm"), ("pcm", "json")):
        for what, goal in (("median", "< 120"), ("p99", "< 200"), ("max", "")):
            name = f"latency.{kind}.{form}.{what}"
            table.add(f"{kind} as {form}, {what} (ms)", "",
                      f"{bench.median(name) / MS:.1f}", "", goal)


def show_cpu(bench, table):
    for kind, title in KINDS:
        seconds = bench.options.packets // 50 // (6 if kind == "opus" else 1)
        table.add_title(f"(h) {seconds} s of {title}, streamed as fast as "
                        "possible")
        for what, row in (("process_cpu", "CPU, whole process (ms)"),
                          ("streaming_cpu", "the streaming thread (ms)"),
                          ("worker_cpu", "the network thread (ms)"),
                          ("process_wall", "wall, whole process (ms)")):
            table.add_pair(bench, row, f"cpu.{kind}.eka", f"cpu.{kind}.fake",
                           what, MS)
        if kind == "opus":
            table.add_pair(bench, "the same into a decoder and fakesink (ms)",
                           "cpu.opus.decode", "cpu.opus.fake", "process_cpu",
                           MS)


def show_many(bench, table):
    for kind, title in KINDS:
        table.add_title(f"(i) {bench.options.elements} live streams from "
                        f"{title} for {bench.options.stream_seconds} s")
        for what, row, unit, places, goal in (
                ("worker_share", "network thread (% of a core)", .01, 2, "2"),
                ("workers", "network threads", 1, 0, "1"),
                ("cpu_share", "whole process (% of a core)", .01, 1, ""),
                ("threads", "threads", 1, 0, ""),
                ("memory", "memory (MiB)", 1024, 1, "")):
            table.add_pair(bench, row, f"many.{kind}.eka", f"many.{kind}.fake",
                           what, unit, places, goal)
        name = f"many.{kind}.server"
        table.add("streams; audio that came (MiB)", "",
                  f"{bench.median(f'{name}.streams'):.0f}; "
                  f"{bench.median(f'{name}.streamed') / 1024 / 1024:.0f}")


def show_mute(bench, table):
    for fallback, title in (("false", "without fallback"),
                            ("true", "with fallback")):
        table.add_title(f"(j) {bench.options.mute_elements} live streams to a "
                        f"service that reads nothing, {title}")
        for when, word in (("hung", "while they hang"), ("all", "to the end")):
            name = f"mute.{fallback}.{when}"
            seconds = bench.median(f"{name}.seconds")
            for what, row, goal in (
                    ("memory", "memory grew (KiB)", "as kept"),
                    ("kept", "audio kept (KiB)", ""),
                    ("audio", "audio that came (KiB)", "")):
                table.add(f"{seconds:.0f} s {word}: {row}", "",
                          f"{bench.median(f'{name}.{what}'):.0f}", "", goal)


def show(bench, table):
    for letter, part in (("g", show_latency), ("h", show_cpu),
                         ("i", show_many), ("j", show_mute)):
        if letter in bench.options.only:
            part(bench, table)
