"""A proxy in front of an MLflow server that is slow, asks for a password, loses answers, or speaks TLS, as a test wants it."""

import base64
import datetime
import http.client
import ipaddress
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Proxy:
    """Forwards to `target` ("127.0.0.1:5000"). Attributes may change while it runs."""

    def __init__(self, target, certificate=None):
        self.delay_s = 0.0
        self.login = None  # (user, password) that it asks for
        self.away = False  # no answer at all
        self.host_header = None  # what the server gets as Host
        self.refuse = None  # refuse(method, path, body) -> status: answered without the server
        self.lose = None  # lose(method, path) -> True: the server works, the answer is lost
        self.answered = 0
        self.times = []  # of the answers
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                time.sleep(proxy.delay_s)
                if proxy.away:
                    self.close_connection = True
                    return None
                status = proxy.refuse and proxy.refuse(self.command, self.path, body)
                if status:
                    return self.give(status, b'{"error_code": "INTERNAL_ERROR", "message": "the proxy does not like it"}')
                if proxy.login is not None:
                    expected = "Basic " + base64.b64encode(":".join(proxy.login).encode()).decode()
                    if self.headers.get("Authorization") != expected:
                        return self.give(401, b'{"error_code": "UNAUTHENTICATED", "message": "You are not authenticated"}')
                connection = http.client.HTTPConnection(target, timeout=60)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                if proxy.host_header is not None:
                    headers["Host"] = proxy.host_header
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if proxy.lose is not None and proxy.lose(self.command, self.path.split("?")[0]):
                    self.close_connection = True
                    return None
                return self.give(answer.status, text)

            def give(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                proxy.answered += 1
                proxy.times.append(time.time())

            do_GET = do_POST = do_PUT = forward

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a client that refuses the certificate, or is killed

        self.server = Server(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "http" if certificate is None else "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def url(self):
        return f"{self.scheme}://{self.host}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def write_certificate(path):
    """A key and a certificate for 127.0.0.1, signed by itself, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *private) + certificate.public_bytes(serialization.Encoding.PEM)
    )
