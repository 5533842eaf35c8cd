"""Times peers' decoders and ours on the same bytes, lap by lap in turn, and prints a table with the ratios.

Run by scripts/peers-decode.sh, which installs the peers. Each peer is called as its own users call it, in its own language;
what it is given is made of the bytes before the clock starts, and it must be seen to read them.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time

import TheengsDecoder
from bluetooth_data_tools import gap
from bthome_ble import BTHomeBluetoothDeviceData
from habluetooth import BluetoothServiceInfoBleak
from ibeacon_ble import iBeaconParser

LAPS = 101
# What one lap lasts, about, in microseconds: long against a clock's grain, short enough to run through undisturbed.
LAP_US = 20_000
ADDRESS = "C0:00:5B:D1:B7:25"


def parsed(data):
    """An advertisement taken apart, without the cache that Home Assistant has before it: strangers are never in it."""
    return gap._uncached_parse_advertisement_bytes(data)


def info(data):
    """What Home Assistant hands on to the decoder of a format: the bytes are taken apart already, which is a row of its own."""
    name, uuids, services, makers, power = parsed(data)
    return BluetoothServiceInfoBleak(name or ADDRESS, ADDRESS, -60, makers, services, uuids, "", None, None, False, 0.0, power)


def theengs(data, model):
    _, _, services, makers, _ = parsed(data)
    report = {"id": ADDRESS, "rssi": -60}
    for company, value in makers.items():
        report["manufacturerdata"] = company.to_bytes(2, "little").hex() + value.hex()
    for uuid, value in services.items():
        report |= {"servicedatauuid": uuid[4:8], "servicedata": value.hex()}
    text = json.dumps(report)
    assert json.loads(TheengsDecoder.decodeBLE(text))["model_id"] == model
    return lambda: TheengsDecoder.decodeBLE(text)


def ibeacon(data):
    parser, given = iBeaconParser(), info(data)
    asyncio.run(parser.async_setup())
    assert parser.parse(given).minor == 0x0708
    return lambda: parser.parse(given)


def bthome(data):
    sensor, given = BTHomeBluetoothDeviceData(), info(data)
    # 0x03 0x13bf: a humidity of 50.55 %.
    assert 50.55 in [value.native_value for value in sensor.update(given).entity_values.values()]
    return lambda: sensor.update(given)


def split(data):
    assert any(parsed(data)[1:4])
    return lambda: parsed(data)


SPLIT = "bluetooth-data-tools (takes apart only)"
HERE = {
    ("iBeacon", "Theengs decoder"): lambda data: theengs(data, "IBEACON"),
    ("iBeacon", "ibeacon-ble"): ibeacon,
    ("iBeacon", SPLIT): split,
    ("Eddystone TLM", SPLIT): split,
    ("BTHome", "bthome-ble"): bthome,
    ("BTHome", SPLIT): split,
    ("exposure", "Theengs decoder"): lambda data: theengs(data, "GAEN"),
}
NODE = {
    "advlib": ["iBeacon", "Eddystone UID", "Eddystone TLM", "exposure"],
    "barnowl-minew": ["minew-json", "minew-binary"],
    "raddec": ["raddec"],
}


class Program:
    """A program that times laps when it is told to."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended")
        return line.rstrip("\n")


def lap_here(call):
    def lap(count):
        start = time.perf_counter_ns()
        for _ in range(count):
            call()
        return (time.perf_counter_ns() - start) / 1_000 / count

    return lap


def calls(lap):
    """So many calls make a lap, once it is warm."""
    once = min(lap(200) for _ in range(5))
    return max(1, min(1_000_000, round(LAP_US / max(once, 1e-3))))


def compare(ours, peer):
    """The medians of both, in microseconds, and the median of the ratios of neighbouring laps."""
    our_calls, peer_calls = calls(ours), calls(peer)
    laps = [(ours(our_calls), peer(peer_calls)) for _ in range(LAPS)]
    own, others = zip(*laps, strict=True)
    return statistics.median(own), statistics.median(others), statistics.median(other / one for one, other in laps)


def main():
    ours, node = Program(sys.argv[1].split()), Program(["node", sys.argv[2]])
    corpus, line = {}, ours.ask("list")
    while line:
        name, digits = line.split("\t")
        corpus[name] = digits
        line = ours.read()

    rows = [(name, peer, lap_here(make(bytes.fromhex(corpus[name])))) for (name, peer), make in HERE.items()]
    for peer, names in NODE.items():
        for name in names:
            rows.append((name, peer, lambda count, name=name: float(node.ask("lap", name, corpus[name].lower(), str(count)))))
    rows.sort(key=lambda row: list(corpus).index(row[0]))

    print("| format | peer | ours | peer's | peer's over ours, median |\n|---|---|---|---|---|", flush=True)
    for name, peer, lap in rows:
        own, other, ratio = compare(lambda count, name=name: float(ours.ask("lap", name, str(count))), lap)
        print(f"| {name} | {peer} | {own:.3f} us | {other:.2f} us | {ratio:,.{0 if ratio >= 10 else 1}f} x |", flush=True)


main()
