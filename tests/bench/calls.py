# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts (n) and (o) of bench.py: what one recording in real time costs, as it is and
mixed of two legs, and two hundred calls in one process, over fakesink in the same
round. `tools` is bench.py itself."""

US = 1e3  # ns

# Name, title, packets, legs of a call, properties
KINDS = (
    ("opus", "Opus, as it is", "packets", 1, ""),
    ("pcm", "PCM, as it is", "pcm", 1, ""),
    ("mono", "two legs of PCM, mixed", "pcm", 2, "mix=mono"),
    ("stereo", "two legs of PCM, left and right", "pcm", 2, "mix=stereo"),
    ("opus.mono", "two legs of Opus, mixed", "packets", 2, "mix=mono"),
)


def play(bench, tools, prefix, kind, calls, seconds):
    _, _, packets, legs, properties = kind
    arguments = [bench.program("bench_calls"), "--packets",
                 getattr(bench, packets), "--legs", str(legs),
                 "--calls", str(calls), "--count", str(seconds * 50),
                 "--warm", str(seconds * 50 // 4), "--sink"]
    output, _ = tools.run([*arguments, "fakesink"])
    bench.add_all(f"{prefix}.fake", tools.parse(output))
    with tools.server(bench) as it:
        output, _ = tools.run([*arguments, tools.sink(it.url, properties)])
    bench.add_all(prefix, tools.parse(output))


def measure(bench, tools):
    """One round."""
    options = bench.options
    if "n" in options.only:
        for kind in KINDS:
            play(bench, tools, f"call.{kind[0]}", kind, 1,
                 options.call_seconds)
    if "o" in options.only:
        play(bench, tools, "calls", KINDS[2], options.calls,
             options.calls_seconds)


def show_one(bench, table, prefix, places):
    base = f"{prefix}.fake"
    table.add_pair(bench, "CPU (% of a core)", prefix, base, "cpu_share", .01,
                   places)
    table.add_pair(bench, "memory (MiB)", prefix, base, "memory", 1024, 1)
    table.add_pair(bench, "threads", prefix, base, "threads", 1)
    table.add_pair(bench, "a push, median (µs)", prefix, base, "push_median",
                   US, 0)
    table.add_pair(bench, "99.9th percentile (µs)", prefix, base, "push_most",
                   US, 0)
    table.add_pair(bench, "longest (µs)", prefix, base, "push_max", US, 0)
    table.add_pair(bench, "CPU of its thread, median (µs)", prefix, base,
                   "packet_median", US, 1)


def show(bench, table):
    options = bench.options
    if "n" in options.only:
        for name, title, _, _, _ in KINDS:
            table.add_title(f"(n) one live recording of {title}, "
                            f"{options.call_seconds} s; the last three "
                            "quarters count")
            show_one(bench, table, f"call.{name}", 2)
    if "o" in options.only:
        table.add_title(f"(o) {options.calls} live calls of two legs of PCM in "
                        f"one process, mixed, {options.calls_seconds} s")
        show_one(bench, table, "calls", 0)
