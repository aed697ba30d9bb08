# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Part (l) of bench.py: what a chunk of 20 s costs in each container. `tools` is
bench.py itself."""
import os
import statistics

SOURCE = ("audiotestsrc wave=pink-noise volume=0.3 samplesperbuffer={rate} "
          "num-buffers={seconds} ! audio/x-raw,rate={rate},channels=1 ! "
          "audioconvert ! ")

# Name, rate, encoder: all of 32 kbit/s, where they are encoded
CODECS = (
    ("Opus, 20 ms", 48000, "opusenc bitrate=32000"),
    ("AAC, 16 kHz", 16000, "voaacenc bitrate=32000"),
    ("AAC, 44.1 kHz", 44100, "voaacenc bitrate=32000"),
    ("MP3, 16 kHz", 16000, "lamemp3enc target=bitrate cbr=true bitrate=32 ! "
                           "mpegaudioparse"),
    ("Vorbis, 16 kHz", 16000, "vorbisenc bitrate=32000"),
    ("µ-law", 8000, "mulawenc"),
    ("PCM, 16 kHz", 16000, "audio/x-raw,format=S16LE"),
)


def measure(bench, tools):
    """One round."""
    path = os.path.join(bench.folder, "wrapped")
    rows = bench.__dict__.setdefault("containers", {})
    for name, rate, encoder in CODECS:
        tools.run([bench.program("bench_encode"),
                   SOURCE.format(rate=rate,
                                 seconds=bench.options.container_seconds) +
                   encoder, path])
        output, _ = tools.run([bench.program("bench_containers"), path])
        for line in output.splitlines():
            container, *numbers = line.split()
            rows.setdefault((name, container), []).append(
                [float(number) for number in numbers])
    os.unlink(path)


def show(bench):
    """Medians. A muxer element that can't be had costs 0."""
    print("\n(l) a chunk of 20 s: CPU (ms) in all, to write the file, of the "
          "muxer element in its pipeline; bytes beside the packets")
    print("".ljust(28) + "      all    write    muxer   beside")
    for (name, container), rounds in bench.containers.items():
        total, write, beside, muxer = map(statistics.median, zip(*rounds))
        print(f"{name} in {container}".ljust(28) +
              f"{total:9.3f}{write:9.3f}" +
              (f"{muxer:9.2f}" if muxer else "        -") + f"{beside:8.2f} %")
