"""PyKMIP's own server, on a port that is free: says `ready <port>` and serves until it is ended."""

import logging
import multiprocessing
import sys
from pathlib import Path
from types import SimpleNamespace

from kmip.services.server import KmipServer


def main():
    # Its policies stay in one process, which then leaves none behind when it is ended.
    multiprocessing.Manager = lambda: SimpleNamespace(dict=dict)
    directory = Path(sys.argv[1])
    server = KmipServer(
        hostname="127.0.0.1",
        port=5696,
        certificate_path=str(directory / "server.pem"),
        key_path=str(directory / "server-key.pem"),
        ca_path=str(directory / "ca.pem"),
        auth_suite="TLS1.2",
        config_path=None,
        log_path=str(directory / "server.log"),
        enable_tls_client_auth=True,
        tls_cipher_suites="TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        logging_level=logging.WARNING,
        database_path=str(directory / "database.sqlite"),
    )
    # It takes no port 0 as a setting.
    server.config.settings["port"] = 0
    with server:
        print("ready", server._socket.getsockname()[1], flush=True)
        server.serve()


if __name__ == "__main__":
    main()
