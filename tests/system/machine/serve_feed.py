"""serve_feed.py SOCKET WORD: a page of `corral serve` in short. Prints `open`, and then how long it took from a line on stdin to a message with WORD."""
import json, os, socket, sys, time

path, word = sys.argv[1:3]
with open(path + ".token") as file:
    token = file.read().strip()
feed = socket.socket(socket.AF_UNIX)
feed.settimeout(60)
feed.connect(path)
lines = [
    "GET /api/feed HTTP/1.1", "Host: localhost", "Origin: http://localhost", "Authorization: Bearer " + token,
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
]
feed.sendall("\r\n".join(lines).encode())
stream = feed.makefile("rb")
status = stream.readline().decode()
assert " 101 " in status, status
while stream.readline() not in (b"\r\n", b""):
    pass


def message():
    """The next whole message; the server sends them in one frame each, unmasked (RFC 6455, 5.2)."""
    head = stream.read(2)
    length = head[1] & 127
    if length == 126:
        length = int.from_bytes(stream.read(2), "big")
    elif length == 127:
        length = int.from_bytes(stream.read(8), "big")
    return stream.read(length).decode()


first = json.loads(message())
assert first["type"] == "snapshot", first
print("open", flush=True)
started = time.monotonic()
if word not in json.dumps(first):
    while word not in message():
        pass
print(round((time.monotonic() - started) * 1000), flush=True)
