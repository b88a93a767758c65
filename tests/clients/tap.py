"""A PyKMIP client whose every request is first tried by strangers.

Before a request reaches the server for its owner, the very same bytes are sent with the certificate
of another tenant and with that of another service of the same tenant. The server must answer them,
time stamp apart, byte for byte as it answers the same request about an identifier of the same form
that nobody has.
"""

import socket
import ssl
import struct

from kmip.pie.client import ProxyKmipClient

TIME_STAMP = bytes.fromhex("4200920900000008")
RESULT_STATUS = bytes.fromhex("42007f0500000004")
FAILED = bytes.fromhex("0000000100000000")


class Stranger:
    """A raw connection with a certificate that owns nothing asked for."""

    def __init__(self, place, tenant, service):
        self.name = f"{tenant}/{service}"
        context = ssl.create_default_context(cafile=place.authority)
        # The strictest that Python has, as its newer versions do by default.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(
            place.certificate(tenant, service), place.certificate(tenant, service, "key.pem")
        )
        plain = socket.create_connection((place.host, place.port), timeout=30)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")

    def ask(self, request):
        """Sends bytes, returns the bytes of the answer."""
        self.socket.sendall(request)
        header = self._read(8)
        return header + self._read(struct.unpack("!I", header[4:])[0])

    def _read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError(f"{self.name}: the server closed")
            data += part
        return data

    def close(self):
        self.socket.close()


def without_time(answer):
    """An answer with its time stamp zeroed."""
    start = answer.index(TIME_STAMP) + len(TIME_STAMP)
    return answer[:start] + bytes(8) + answer[start + 8 :]


def unknown_like(uid):
    """An identifier of the same form that nobody has."""
    swap = str.maketrans("0123456789abcdef", "fedcba9876543210")
    return uid[:-8] + uid[-8:].translate(swap)


class Tap:
    """Stands between a PyKMIP client and its connection."""

    def __init__(self, protocol, strangers):
        self.protocol = protocol
        self.strangers = strangers
        self.uids = []
        self.tried = 0

    def write(self, data):
        request = bytes(data)
        for uid in self.uids:
            if uid.encode() in request:
                self._try(request, uid)
        self.protocol.write(data)

    def read(self):
        return self.protocol.read()

    def _try(self, request, uid):
        unknown = request.replace(uid.encode(), unknown_like(uid).encode())
        for stranger in self.strangers:
            foreign = without_time(stranger.ask(request))
            nobodys = without_time(stranger.ask(unknown))
            assert foreign == nobodys, (
                f"{stranger.name} learns that {uid} is there:\n{foreign.hex()}\n{nobodys.hex()}"
            )
            is_locate = bytes.fromhex("42005c05000000040000000800000000") in request
            assert RESULT_STATUS + FAILED in foreign or is_locate, (
                f"{stranger.name} got through with {uid}: {foreign.hex()}"
            )
            self.tried += 1


class TappedClient(ProxyKmipClient):
    """A ProxyKmipClient for one service, with strangers at its side."""

    def __init__(self, place, tenant, service, version, strangers):
        super().__init__(
            hostname=place.host,
            port=place.port,
            cert=place.certificate(tenant, service),
            key=place.certificate(tenant, service, "key.pem"),
            ca=place.authority,
            config_file=place.certificate(tenant, service, "pykmip.conf"),
            kmip_version=version,
        )
        self.strangers = strangers

    def open(self):
        super().open()
        self.proxy.protocol = Tap(self.proxy.protocol, self.strangers)

    @property
    def tap(self):
        return self.proxy.protocol

    def own(self, uid):
        """Has strangers try every request about this object."""
        assert isinstance(uid, str) and uid, f"no identifier: {uid!r}"
        self.tap.uids.append(uid)
        return uid
