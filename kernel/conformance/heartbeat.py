"""Pings a kernel's heartbeat until standard input ends, in a process of its own: what the tests compute must not
hold the pings back. Prints "beating" after the first answer, and at the end each ping as a line of JSON: when it was
sent, and the seconds until its answer.

    python heartbeat.py tcp://127.0.0.1:5555
"""

import json
import sys
import threading
import time

import zmq

INTERVAL = 0.01
LOST = 60.0  # seconds without an answer, after which none is expected


def main(address):
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    socket.connect(address)
    beats, number = [], 0
    while not ended.is_set():
        number += 1
        beat = f"beat {number}".encode()
        sent = time.monotonic()
        socket.send(beat)
        answered = socket.poll(LOST * 1000) and socket.recv() == beat
        beats.append((sent, time.monotonic() - sent if answered else None))
        if not answered:
            break
        if number == 1:
            print("beating", flush=True)
        ended.wait(INTERVAL)
    print("\n".join(map(json.dumps, beats)))
    socket.close()


if __name__ == "__main__":
    main(sys.argv[1])
