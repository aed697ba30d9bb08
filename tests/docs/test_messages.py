#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/messages.md tells of every message and field that the code posts, with its
type, and of no other; the examples on it are such messages; and what gst-launch
prints of a recording is as the page says.

Arguments: the source folder, the sandbox.
"""
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT, SANDBOX = sys.argv[1:3]
TYPES = {"G_TYPE_STRING": "string", "G_TYPE_UINT": "uint", "G_TYPE_INT": "int",
         "G_TYPE_UINT64": "uint64", "G_TYPE_BOOLEAN": "boolean",
         "GST_TYPE_CLOCK_TIME": "time", "GST_TYPE_DATE_TIME": "GstDateTime"}
PRINTED = {"string": "string", "uint": "uint", "int": "int", "guint64": "uint64",
           "boolean": "boolean", "datetime": "GstDateTime"}
# Structures of ours that are no messages.
OTHERS = {"ekascribe-stats"}
DETAILS = "errors"

number = 0


def check(name, differences):
    global number
    number += 1
    for line in sorted(differences):
        print("#", line)
    print(f"{'not ok' if differences else 'ok'} {number} {name}")


def call_at(text, start):
    """The arguments of the call whose name ends before start."""
    depth = 0
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0 and text[end] == ")":
            return text[start:end]
    raise ValueError("a call has no end")


def read_code():
    """{message: {field: type}}, of all that is made with gst_structure_new()."""
    found = collections.defaultdict(dict)
    field = re.compile(r'"([a-z][a-z0-9-]*)",\s*(G(?:ST)?_TYPE_\w+)')
    for path in glob.glob(ROOT + "/gst/ekascribe/*.c"):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        # What is set later in a function belongs to what it has begun.
        name = None
        for match in re.finditer(
                r"\b(gst_structure_new(?:_empty)?|gst_structure_set|set_string|"
                r"set_utc)\s*\(|^\}", text, re.MULTILINE):
            if match[0] == "}":
                name = None
                continue
            call = call_at(text, match.end() - 1)
            kind = match[1]
            if kind.startswith("gst_structure_new"):
                begun = re.match(r'\(\s*"(ekascribe-[a-z-]+|details)"', call)
                name = begun[1] if begun else None
                name = DETAILS if name == "details" else name
            if name is None or name in OTHERS:
                continue
            if kind == "set_utc":
                found[name]["utc"] = "GstDateTime"
            elif kind == "set_string":
                given = re.match(r'\(\w+,\s*"([a-z-]+)"', call)
                if given:
                    found[name][given[1]] = "string"
            else:
                for key, value in field.findall(call):
                    found[name][key] = TYPES[value]
    return found


def read_page():
    """{section: {field: (type, may be absent)}}, {section: names of another
    table's first column}, {section: example}"""
    fields = collections.defaultdict(dict)
    values = collections.defaultdict(set)
    examples = {}
    section = None
    with open(ROOT + "/docs/messages.md", encoding="utf-8") as file:
        for line in file:
            if line.startswith("## "):
                section = line[3:].strip().lower()
            row = re.match(r"\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$", line)
            pair = re.match(r"\| `([a-z0-9-]+)` \| ([^|]+) \|$", line)
            if row:
                fields[section][row[1]] = (row[2], "absent" in row[3].lower())
            elif pair:
                values[section].add(pair[1])
            elif line.startswith("Got message"):
                examples[section] = line
    return fields, values, examples


def read_states():
    with open(ROOT + "/gst/ekascribe/scribe/session.c", encoding="utf-8") as file:
        states = set(re.findall(r'\[EKA_SESSION_\w+\] = \{\s*"([a-z-]+)"',
                                file.read()))
    # That is before the first one, and never entered.
    return states - {"idle"}


def read_steps():
    with open(ROOT + "/gst/ekascribe/gstekascribeprogress.c",
              encoding="utf-8") as file:
        text = file.read()
    return set(re.findall(r'\{ "([a-z]+)", "', text))


def compare(code, page):
    wrong = []
    for name in sorted(code.keys() | page.keys()):
        in_code = set(code.get(name, {}).items())
        in_page = {(key, value[0]) for key, value in page.get(name, {}).items()}
        wrong += [f"{name}: {key} ({kind}) is not in the page"
                  for key, kind in in_code - in_page]
        wrong += [f"{name}: {key} ({kind}) is not in the code"
                  for key, kind in in_page - in_code]
    return wrong


def parse_printed(line):
    """(message, {field: type}) of a line of gst-launch-1.0 -m, or None"""
    match = re.match(r"Got message #\d+ from element \"[^\"]*\" \(element\): "
                     r"(ekascribe-[a-z-]+), (.*);$", line.strip())
    if not match:
        return None
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', "text", match[2])
    return match[1], {key: PRINTED.get(kind, kind) for key, kind in
                      re.findall(r"(?:^|, )([a-z-]+)=\((\w+)\)", plain)}


def judge_printed(lines, page):
    wrong = []
    for line in lines:
        parsed = parse_printed(line)
        if parsed is None:
            continue
        name, fields = parsed
        for key, (kind, absent) in page[name].items():
            kind = "uint64" if kind == "time" else kind
            if fields.get(key, kind if absent else None) != kind:
                wrong.append(f"{name}: {key} is {fields.get(key)}, not {kind}")
        wrong += [f"{name}: {key} is not in the page"
                  for key in fields.keys() - page[name].keys()]
    return wrong


def record(upload):
    """What gst-launch prints of a recording with all that there is."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [SANDBOX, "--quiet", "--port", "0", "--directory", folder + "/service",
             "--upload-methods", "chunked,stream", "--models", "lite:1",
             "--fault", "stream:1:garbage@5"]
            if upload == "stream" else
            [SANDBOX, "--quiet", "--port", "0", "--directory", folder + "/service",
             "--models", "lite:1", "--processing-time", "0.1"],
            stdout=subprocess.PIPE, text=True)
        base = server.stdout.readline().strip()
        environment = dict(os.environ, EKASCRIBE_OUTBOX=folder + "/outbox",
                           EKASCRIBE_ACCESS_TOKEN="sandbox")
        length = "80" if upload == "chunked" else "45"
        done = subprocess.run(
            ["gst-launch-1.0", "-m", "audiotestsrc", "is-live=true",
             "num-buffers=" + length, "samplesperbuffer=320", "!",
             "audio/x-raw,rate=16000,channels=1", "!", "ekascribesink",
             "base-url=" + base, "upload-type=" + upload, "poll-interval=50000000",
             "templates=soap_template"],
            env=environment, capture_output=True, text=True, check=False)
        server.terminate()
        server.wait()
        return done.stdout.splitlines()


def main():
    print("1..8")
    code = read_code()
    page, values, examples = read_page()
    check("the code posts messages", [] if len(code) > 6 else sorted(code))
    check("messages, fields and types are those of the code", compare(code, page))
    check("states are those of the code",
          read_states() ^ values["ekascribe-session"])
    check("steps are those of the code", read_steps() ^ values["progress"])
    check("each message has an example",
          {name for name in code if name != DETAILS} - examples.keys())
    check("the examples are such messages",
          judge_printed(examples.values(), page)
          + [name for name, line in examples.items()
             if name != "progress" and (parse_printed(line) or "-")[0] != name])
    lines = record("chunked") + record("stream")
    check("what is printed is as the page says", judge_printed(lines, page))
    seen = {parsed[0] for parsed in map(parse_printed, lines) if parsed}
    check("all messages were printed",
          {name for name in code if name != DETAILS} - seen)


main()
