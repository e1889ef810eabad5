"""A client of the API from outside the cluster: by the load balancer, Traefik and TLS, as a browser comes."""
import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import struct
import time

from layout import BALANCER

HOST = "api.clinic.localhost"


class Problem(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, body: str):
        super().__init__(f"{status}: {body[:300]}")
        self.status, self.body = status, body


class Client:
    """One kept-alive connection, opened again when it breaks."""

    def __init__(self, authority: str, token: str | None = None, timeout: float = 20):
        self.context = ssl.create_default_context(cadata=authority)
        self.token, self.timeout, self.connection, self.again = token, timeout, None, 0

    def _open(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(HOST, 443, timeout=self.timeout, context=self.context)
        raw = socket.create_connection((BALANCER, 443), timeout=self.timeout)
        connection.sock = self.context.wrap_socket(raw, server_hostname=HOST)
        return connection

    def once(self, method: str, path: str, body=None, headers=None) -> tuple[int, dict, str]:
        """One request, tried once. A broken connection is an `OSError`: whether it was done is not known."""
        fresh = self.connection is None
        self.connection = self.connection or self._open()
        everything = {"Accept": "application/json", "Accept-Language": "en", **(headers or {})}
        if self.token:
            everything["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            everything["Content-Type"] = "application/json"
        try:
            self.connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, everything)
            answer = self.connection.getresponse()
            text = answer.read().decode()
            if answer.will_close:
                self.close()
            return answer.status, dict(answer.getheaders()), text
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if not fresh and isinstance(error, http.client.RemoteDisconnected):
                # A kept connection that ended before any answer: browsers ask again, and so do we; it is counted.
                self.again += 1
                return self.once(method, path, body, headers)
            raise OSError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, method: str, path: str, body=None, headers=None):
        status, _, text = self.once(method, path, body, headers)
        if status >= 300:
            raise Problem(status, text)
        return json.loads(text) if text else None


def page(authority: str, host: str = "app.clinic.localhost") -> str:
    """The web application's first page, in small letters."""
    context = ssl.create_default_context(cadata=authority)
    with context.wrap_socket(socket.create_connection((BALANCER, 443), timeout=20), server_hostname=host) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n".encode())
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    head, _, body = text.partition("\r\n\r\n")
    if not head:
        raise OSError("the connection ended before an answer")
    if " 200 " not in head.splitlines()[0] or "</html>" not in body.lower():
        raise Problem(int(head.split()[1]), body)
    return body.lower().lstrip()


def reachable() -> bool:
    with socket.create_connection((BALANCER, 443), timeout=2):
        return True


def code(secret: str) -> str:
    """The code of a generator now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def enrol(authority: str, organization: str, user: str, activation: str, password: str) -> str:
    """An administrator's first sign-in: password, second factor; the session's token."""
    client = Client(authority)
    client.ask("POST", "/auth/sign-in/activate", {"organization": organization, "username": user, "code": activation, "password": password})
    state = client.ask("POST", "/auth/sign-in", {"organization": organization, "username": user, "password": password, "delivery": "bearer"})
    client.token = state["token"]
    secret = client.ask("POST", "/auth/totp", {})["secret"]
    client.ask("POST", "/auth/totp/confirm", {"code": code(secret)})
    return client.token
