#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That no decoder can tell the chunks from the recording: each chunk is decoded
alone, by decoders that are not ours; what they give is joined, and compared
with what the same decoder makes of the uncut recording.

  test_seams.py [-k FOLDER] [WORD...]   only cases with all these words
"""
import argparse
import array
import concurrent.futures
import contextlib
import dataclasses
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import time

MAX_DURATION = 20.0     # s, as ffprobe counts: pre-roll included
MIN_DURATION = 0.1
MAX_SIZE = 10_000_000
FORMS = {"s16le": ("h", 1), "S16LE": ("h", 1),
         "f32le": ("f", 32768), "F32LE": ("f", 32768)}
BLOCK = 4096


@dataclasses.dataclass
class Finding:
    """What one decoder says of one recording."""
    decoder: str
    seams: int = 0
    exact: int = 0
    worst: float = 0.0      # steps of 16 bits
    where: str = ""
    tone: float = 0.0       # the same, in a tone
    wrong: str = ""


def find_worst(left, right, form):
    """The largest difference of two blocks of samples, in steps of 16 bits,
    and the sample where it is."""
    code, scale = FORMS[form]
    size = array.array(code).itemsize
    worst, where = 0.0, 0
    for at in range(0, min(len(left), len(right)), BLOCK * size):
        one, other = left[at:at + BLOCK * size], right[at:at + BLOCK * size]
        if one == other:
            continue
        differences = [abs(a - b) * scale for a, b in
                       zip(array.array(code, one), array.array(code, other))]
        largest = max(differences)
        if largest > worst:
            worst = largest
            where = at // size + differences.index(largest)
    return worst, where


def is_in_tone(case, *places):
    """Any of the @places, which are parts of the signal from 0 to 1."""
    name = case.signal.rstrip("0123456789")
    first, last = signals.TONES[name]
    return any(first <= it * signals.SECONDS[name] <= last for it in places)


def compare(case, decoder, whole, parts):
    """Joins the @parts, and looks where they are not the @whole."""
    limit = case.limits.get(decoder.name, case.limit)
    finding = Finding(decoder.name, seams=len(parts) - 1)
    form = getattr(decoder, "form", "s16le")
    size = array.array(FORMS[form][0]).itemsize
    total = sum(map(len, parts))
    if total != len(whole):
        finding.wrong = (f"{total // size} samples, and {len(whole) // size} "
                         "in the uncut recording")
    at = 0
    for number, part in enumerate(parts):
        worst, where = find_worst(part, whole[at:at + len(part)], form)
        finding.exact += number > 0 and worst == 0
        if worst > limit and is_in_tone(case, at / len(whole),
                                        (at + where * size) / len(whole)):
            finding.tone = max(finding.tone, worst)
        elif worst > finding.worst:
            finding.worst = worst
            finding.where = f"chunk {number}, sample {where}"
        at += len(part)
    if finding.wrong:
        return finding
    if finding.worst > limit:
        finding.wrong = f"an error of {finding.worst:.3g} at {finding.where}"
    elif finding.tone > case.tone_limit:
        finding.wrong = f"an error of {finding.tone:.3g} in a tone"
    return finding


class Recorder:
    """One case, from the signal to what is wrong with its chunks."""

    def __init__(self, case, made, folder):
        self.case = case
        self.signal = os.path.join(made, case.signal + ".wav")
        self.folder = folder
        self.recording = os.path.join(folder, "recording." + case.ending)
        self.wrong = []
        self.notes = []
        self.skip = None

    def run(self, *command):
        decoders.run(*command, environment=os.environ | {
            "G_DEBUG": "fatal-warnings"})

    def make(self):
        """How the recording is encoded."""
        words = self.case.make.split()
        names = {"IN": self.signal, "OUT": self.recording}
        if "IN" in words:
            self.run(*(names.get(it, it) for it in words))
            return
        self.run(decoders.GST, "-q", "filesrc", f"location={self.signal}", "!",
                 *words, "!", "filesink", f"location={self.recording}")

    def record(self, name, settings):
        """The chunks of the recording, as the service gets them."""
        folder = os.path.join(self.folder, name)
        with service.serve(folder) as (url, uploads):
            self.run("timeout", "120", decoders.GST, "-q", "filesrc",
                     f"location={self.recording}", "!",
                     *self.case.chain.split(), "!", "ekascribesink",
                     f"base-url={url}", "access-token=none",
                     "poll-interval=20000000", *settings.split())
        self.wrong += service.read_violations(folder)
        return uploads

    def check_file(self, number, upload):
        ending, media_type = self.case.kind
        path = upload.path
        name = os.path.basename(path)
        if not re.fullmatch(rf"[a-z_]+_{number}\.{ending}", name):
            self.wrong.append(f"chunk {number} is called {name}")
        if upload.media_type != media_type:
            self.wrong.append(f"{name} is called {upload.media_type}")
        if os.path.getsize(path) > MAX_SIZE:
            self.wrong.append(f"{name} has {os.path.getsize(path)} bytes")
        told = decoders.run("ffprobe", "-v", "error", "-show_entries",
                            "format=duration", "-of", "csv=p=0", path).stdout
        duration = float(told)
        limit = MAX_DURATION
        given = re.search(r"max-chunk-duration=(\d+)", self.case.settings)
        if given:
            limit = min(limit, int(given[1]) / 1e9)
        if not MIN_DURATION <= duration <= limit:
            self.wrong.append(f"ffprobe gives {name} {duration} s")

    def judge(self, decoder, uncut, paths):
        scratch = os.path.join(self.folder, "decoded")
        try:
            whole, = decoders.decode_all(decoder, [uncut], scratch)
            parts = decoders.decode_all(decoder, paths, scratch)
        except decoders.Broken as error:
            return Finding(decoder.name, wrong=str(error))
        return compare(self.case, decoder, whole, parts)

    def find_missing(self):
        """A program that the case needs and is not there, or None."""
        words = self.case.make.split()
        needed = ["ffprobe", decoders.GST] + words[:1] * ("IN" in words)
        return next((it for it in needed if shutil.which(it) is None), None)

    def go(self):
        """Makes the recording, uploads it, and looks at what came."""
        case = self.case
        self.make()
        uploads = self.record("chunks", case.settings)
        for number, upload in enumerate(uploads):
            self.check_file(number, upload)
        uncut = self.recording
        if case.against_single:
            whole = self.record("single", re.sub(
                r"\S+-chunk-duration=\d+", "", case.settings)
                + " upload-type=single")
            uncut = whole[0].path
        paths = [upload.path for upload in uploads]
        if len(paths) < 3:
            self.wrong.append(f"{len(paths)} chunks")
        findings = [self.judge(it, uncut, paths) for it in case.decoders
                    if decoders.is_there(it)]
        for it in findings:
            self.notes.append(
                f"{it.decoder}: {it.seams} seams, {it.exact} exact, worst "
                f"{it.worst:.3g}" + (f" ({it.where})" if it.where else "")
                + (f", in a tone {it.tone:.3g}" if it.tone else ""))
            if it.wrong:
                self.wrong.append(f"{it.decoder}: {it.wrong}")


def run_case(case, made, folder, keep):
    """All of one @case, with the signals in the folder @made."""
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    recorder = Recorder(case, made, folder)
    try:
        recorder.skip = recorder.find_missing()
        if recorder.skip is None:
            recorder.go()
    except Exception as error:  # the others are told all the same
        recorder.wrong.append(f"{type(error).__name__}: {error}")
    if not keep:
        shutil.rmtree(folder)
    recorder.notes.append(f"{time.monotonic() - began:.1f} s")
    return recorder


def report(number, recorder):
    for line in recorder.notes:
        print(f"#   {line}")
    for line in recorder.wrong[:8]:
        print("# WRONG: " + line.replace("\n", " "))
    print(f"{'not ' if recorder.wrong else ''}ok {number} {recorder.case.name}"
          + (f" # SKIP no {recorder.skip}" if recorder.skip else ""),
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--plugins", help="folder of the element")
    parser.add_argument("-k", "--keep", help="the folder to keep all in")
    parser.add_argument("-s", "--signals", help="folder of signals made before")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    if options.plugins:
        os.environ["GST_PLUGIN_PATH"] = options.plugins
    chosen = [case for case in cases.list_all()
              if all(word in case.name for word in options.words)]
    # The longest first, so that both cores end together.
    chosen.sort(key=lambda it: not it.signal.startswith("long"))
    print(f"1..{len(chosen)}", flush=True)
    with open_folder(options.keep) as folder:
        os.environ["EKASCRIBE_OUTBOX"] = os.path.join(folder, "outbox")
        made = options.signals or os.path.join(folder, "signals")
        if not options.signals:
            os.makedirs(made)
            began = time.monotonic()
            signals.Signals(made).make_all()
            print(f"# signals: {time.monotonic() - began:.1f} s")
        good = True
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            futures = [pool.submit(run_case, case, made, os.path.join(
                folder, re.sub(r"\W+", "-", case.name)), options.keep)
                       for case in chosen]
            for number, future in enumerate(
                    concurrent.futures.as_completed(futures), 1):
                recorder = future.result()
                report(number, recorder)
                good = good and not recorder.wrong
    return 0 if good else 1


def open_folder(keep):
    """A folder that is gone afterwards, unless it is to be kept."""
    if keep:
        os.makedirs(keep, exist_ok=True)
        return contextlib.nullcontext(keep)
    return tempfile.TemporaryDirectory(prefix="seams-")


if __name__ == "__main__":
    if importlib.util.find_spec("websockets") is None:
        print("1..0 # SKIP python3-websockets is not installed")
        sys.exit(0)
    import cases
    import decoders
    import service
    import signals
    sys.exit(main())
