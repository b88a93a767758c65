"""Where the server is and who we are, from the command line."""

import argparse
from pathlib import Path


def arguments(description):
    """The arguments that every program here takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--dir", type=Path, required=True, help="the directory given to `try`")
    parser.add_argument("--kmip", required=True, help="host:port of the server")
    return parser


class Place:
    """A server and the certificates that it accepts."""

    def __init__(self, options):
        host, _, port = options.kmip.rpartition(":")
        self.host = host
        self.port = int(port)
        self.directory = options.dir

    @property
    def authority(self):
        """The CA that the server's certificate comes from."""
        return str(self.directory / "ca.pem")

    def certificate(self, tenant, service, name="cert.pem"):
        """A file of a service's certificate."""
        return str(self.directory / "clients" / tenant / service / name)
