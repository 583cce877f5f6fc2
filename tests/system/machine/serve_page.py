"""serve_page.py SOCKET CALLS: what a page of `corral serve` asks. CALLS is a list in JSON: ["get", PATH], ["post", PATH, BODY], ["feed"] for a
snapshot, ["job", ID] for a job's detail. Prints the list of answers as JSON."""
import json, socket, sys

path, calls = sys.argv[1], json.loads(sys.argv[2])
with open(path + ".token") as file:
    token = file.read().strip()
USUAL = ["Host: localhost", "Origin: http://localhost", "Authorization: Bearer " + token]
UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


def opened(first, headers, body=b""):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(path)
    connection.sendall("\r\n".join([first + " HTTP/1.1", *USUAL, *headers, "", ""]).encode() + body)
    return connection, connection.makefile("rb")


def asked(method, target, body=None):
    data = b"" if body is None else json.dumps(body).encode()
    headers = ["Connection: close", "Content-Type: application/json", "X-Corral: 1", "Content-Length: " + str(len(data))]
    _, stream = opened(method + " " + target, headers, data)
    status = int(stream.readline().split()[1])
    chunked = False
    for line in iter(stream.readline, b"\r\n"):
        chunked = chunked or line.lower().startswith(b"transfer-encoding: chunked")
    text = stream.read() if not chunked else b"".join(iter(lambda: chunk(stream), b""))
    return {"status": status, "body": json.loads(text)}


def chunk(stream):
    data = stream.read(int(stream.readline(), 16))
    stream.readline()
    return data


def message(stream):
    """The next whole message; the server sends them in one frame each, unmasked (RFC 6455, 5.2)."""
    length = stream.read(2)[1] & 127
    if length > 125:
        length = int.from_bytes(stream.read(2 if length == 126 else 8), "big")
    return json.loads(stream.read(length))


def fed(subscribed=None):
    connection, stream = opened("GET /api/feed", UPGRADE)
    for _ in iter(stream.readline, b"\r\n"):
        pass
    first = message(stream)
    if subscribed is None:
        return first
    text = json.dumps({"type": "subscribe", "jobId": subscribed}).encode()
    # Masked with zeros, as a page has to.
    connection.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
    while True:
        answer = message(stream)
        if answer["type"] in ("job", "no-job"):
            return answer


DO = {
    "get": lambda target: asked("GET", target),
    "post": lambda target, body: asked("POST", target, body),
    "feed": fed,
    "job": fed,
}
print(json.dumps([DO[kind](*rest) for kind, *rest in calls]))
