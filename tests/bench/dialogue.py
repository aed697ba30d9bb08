# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speech whose pauses are known, for (k) of bench.py: it is put together from
pieces that begin and end with a sound. Needs espeak-ng, sox and alsa-utils."""
import array
import glob
import math
import os
import random
import subprocess
import wave

RATE = 48000
SPEECH = -20   # dBFS, RMS of each piece
SHORTEST = .15  # s, of a pause
LONGEST = 2.
EDGE = .01     # of the peak: where a piece begins and ends
# Between the words of a piece: so many dB below it, for so long.
GAP_LEVEL = -35
GAP = .15
BLOCK = .01

VOICES = (("en-us", 160, 45), ("en-gb", 175, 60), ("en-gb-scotland", 150, 35),
          ("en-us+f3", 170, 70), ("en-gb+f2", 165, 55), ("hi", 150, 50))
SENTENCES = (
    "Good morning and please take a seat",
    "What brings you here today",
    "I have had a cough for about two weeks now",
    "Is it dry or do you bring something up",
    "Mostly dry but in the morning there is some phlegm",
    "Did you have a fever or night sweats",
    "On the second day I measured thirty eight point five",
    "Do you smoke",
    "I stopped five years ago when my daughter was born",
    "Let me listen to your lungs and breathe in deeply please",
    "Yes",
    "No not really",
    "There is a slight wheeze on the right side",
    "Are you allergic to penicillin or to any other medicine that you know of",
    "Not that I know",
    "I will write you a prescription for an inhaler",
    "Take two puffs in the morning and two puffs in the evening for ten days",
    "And come back if it gets worse or if you are short of breath at night",
    "Should I stay at home",
    "That would be better for the rest of this week",
    "My mother had asthma when she was young and so did one of her sisters",
    "Thank you doctor",
)


class Piece:
    """One sound without a pause before or after it, at RATE."""

    def __init__(self, path):
        samples = read(path)
        peak = max(max(samples), -min(samples)) * EDGE
        first = next(i for i, it in enumerate(samples) if abs(it) > peak)
        last = next(i for i in range(len(samples) - 1, 0, -1)
                    if abs(samples[i]) > peak)
        samples = samples[first:last + 1]
        scale = 32768 * 10 ** (SPEECH / 20) / level(samples)
        self.samples = array.array("h", (
            max(-32768, min(32767, round(it * scale))) for it in samples))

    def find_gaps(self):
        """Silence between words, in samples."""
        block = round(BLOCK * RATE)
        limit = level(self.samples) * 10 ** (GAP_LEVEL / 20)
        start = None
        for at in range(0, len(self.samples) - block, block):
            quiet = level(self.samples[at:at + block]) < limit
            if quiet and start is None:
                start = at
            elif not quiet and start is not None:
                if at - start >= GAP * RATE:
                    yield start, at
                start = None


def level(samples):
    return math.sqrt(sum(map(lambda it: it * it, samples)) / len(samples)) or 1


def read(path):
    raw = subprocess.run(
        ["sox", "-R", "-D", "-V1", path, "-t", "raw", "-r", str(RATE), "-b",
         "16", "-e", "signed", "-c", "1", "-L", "-"], check=True, stdout=subprocess.PIPE).stdout
    return array.array("h", raw)


def speak(folder, voices=len(VOICES)):
    """Every sentence in so many voices."""
    pieces = []
    for voice, speed, pitch in VOICES[:voices]:
        for sentence in SENTENCES:
            path = os.path.join(folder, "piece.wav")
            subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p",
                            str(pitch), "-w", path, sentence], check=True)
            pieces.append(Piece(path))
    return pieces


def people():
    """What alsa-utils has of human speech: "front left" and the like."""
    return [Piece(path) for path in
            sorted(glob.glob("/usr/share/sounds/alsa/*_*.wav"))]


def assemble(path, pieces, seconds, seed, count_gaps=False):
    """Writes pieces in any order with pauses of any length, and returns where
    nobody speaks: pairs of seconds. Every fifth time, three pieces or more
    follow one another without a pause."""
    rand = random.Random(seed)
    samples = array.array("h")
    pauses = []
    while len(samples) < seconds * RATE:
        for _ in range(rand.choice((1, 1, 1, 1, rand.randint(3, 5)))):
            piece = rand.choice(pieces)
            if count_gaps:
                pauses += [((len(samples) + start) / RATE,
                            (len(samples) + end) / RATE)
                           for start, end in piece.find_gaps()]
            samples += piece.samples
        pause = SHORTEST * (LONGEST / SHORTEST) ** rand.random()
        start = len(samples)
        samples += array.array("h", bytes(2 * round(pause * RATE)))
        pauses.append((start / RATE, len(samples) / RATE))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return pauses


def sox(*arguments):
    subprocess.run(["sox", "-R", "-D", "-V1", *arguments], check=True)


def add_noise(path, target, noise):
    """Pink noise of so many dBFS under all of it, or a @noise from a file."""
    length = subprocess.run(["sox", "--i", "-D", path], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    made = target + ".noise.wav"
    if isinstance(noise, str):
        sox("-v", "1", noise, made, "trim", "0", length)
    else:
        sox("-n", "-r", str(RATE), "-b", "16", "-c", "1", made, "synth", length,
            "pinknoise", "vol", f"{noise + PINK}dB")
    sox("-m", "-v", "1", path, "-v", "1", made, "-b", "16", target)
    os.unlink(made)


# What sox makes at full volume is so far below full scale.
PINK = 13


def babble(path, folder, pieces, seconds, seed):
    """Six people who talk far away, and a room: about -45 dBFS."""
    voices = []
    for i in range(6):
        voices.append(os.path.join(folder, f"far{i}.wav"))
        rand = random.Random(seed + i)
        samples = array.array("h")
        while len(samples) < seconds * RATE:
            samples += rand.choice(pieces).samples
        with wave.open(voices[-1], "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
    mix = path + ".mix.wav"
    arguments = [part for voice in voices for part in ("-v", "0.023", voice)]
    sox("-m", *arguments, mix, "lowpass", "2500", "reverb", "60")
    add_noise(mix, path, -60)
    for name in (mix, *voices):
        os.unlink(name)
