"""Whoever is alerted by webhook: writes down what arrives, each in one line."""
import http.server
import ssl
import sys
import time

ADDRESS, CERTIFICATE, KEY, FILE = sys.argv[1:]


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = " ".join(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace").split())
        with open(FILE, "a") as out:
            out.write(f"{time.time():.3f} {body}\n")
        self.send_response(204)
        self.end_headers()


server = http.server.ThreadingHTTPServer((ADDRESS, 443), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
