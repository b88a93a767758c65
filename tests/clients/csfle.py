"""libmongocrypt, the engine of every MongoDB driver's field encryption, its keys on the server.

There is no mongod here: the key vault is a file of BSON, and this program carries the bytes between
libmongocrypt's state machine and the server as a driver does, one connection per request.

Phase `make` makes a data key and encrypts with it; phase `read`, in another process and perhaps
after a restart of the server, opens the data key again and decrypts.
"""

import socket
import ssl
from pathlib import Path

import bson
from bson.binary import STANDARD
from bson.codec_options import CodecOptions
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback

from place import Place, arguments

ALGORITHM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
SECRET = {"v": "4111 1111 1111 1111"}
CODEC = CodecOptions(uuid_representation=STANDARD)


class Driver(MongoCryptCallback):
    """What a driver does for libmongocrypt: carries bytes to the server and keeps data keys."""

    def __init__(self, place, tenant, service, vault):
        self.context = ssl.create_default_context(cafile=place.authority)
        self.context.load_cert_chain(place.certificate(tenant, service, "cert-and-key.pem"))
        self.vault = vault
        self.connections = 0

    def kms_request(self, kms_context):
        host, _, port = kms_context.endpoint.rpartition(":")
        self.connections += 1
        with socket.create_connection((host, int(port)), timeout=30) as plain:
            with self.context.wrap_socket(plain, server_hostname=host) as connection:
                connection.sendall(kms_context.message)
                while (needed := kms_context.bytes_needed) > 0:
                    data = connection.recv(needed)
                    if not data:
                        raise EOFError("the server closed")
                    kms_context.feed(data)

    def fetch_keys(self, filter):
        yield self.vault.read_bytes()

    def insert_data_key(self, data_key):
        self.vault.write_bytes(bytes(data_key))
        return bson.decode(bytes(data_key), CODEC)["_id"]

    def bson_encode(self, doc):
        return bson.encode(doc)

    def collection_info(self, database, filter):
        raise NotImplementedError("explicit encryption asks for no collection")

    def mark_command(self, database, cmd):
        raise NotImplementedError("explicit encryption marks no command")

    def close(self):
        pass


def encrypter(options, tenant):
    driver = Driver(Place(options), tenant, "mongodb", options.vault)
    endpoint = f"localhost:{Place(options).port}"
    return ExplicitEncrypter(driver, MongoCryptOptions({"kmip": {"endpoint": endpoint}})), driver


def make(options):
    """Makes a data key, encrypts, decrypts."""
    crypt, driver = encrypter(options, "tenant-a")
    master = {"delegated": True} if options.delegated else {}
    key = crypt.create_data_key("kmip", master)
    made_with = driver.connections
    sealed = crypt.encrypt(bson.encode(SECRET), ALGORITHM, key_id=bytes(key.bytes))
    options.sealed.write_bytes(bytes(sealed))
    assert b"4111" not in bytes(sealed)
    assert bson.decode(crypt.decrypt(bytes(sealed))) == SECRET
    crypt.close()
    vault = bson.decode(options.vault.read_bytes(), CODEC)
    assert vault["masterKey"]["keyId"], "the vault names the key on the server"
    assert vault["masterKey"].get("delegated", False) == options.delegated
    print(f"made {vault['masterKey']['keyId']} over {made_with} connections")


def read(options):
    """Opens the data key and decrypts what `make` has encrypted."""
    crypt, driver = encrypter(options, "tenant-a")
    sealed = options.sealed.read_bytes()
    assert bson.decode(crypt.decrypt(sealed)) == SECRET
    again = crypt.encrypt(bson.encode(SECRET), ALGORITHM,
                          key_id=bytes(bson.decode(options.vault.read_bytes(), CODEC)["_id"].bytes))
    assert bytes(again) != sealed
    crypt.close()
    print(f"decrypted over {driver.connections} connections")
    refused_to_others(options, sealed)


def refused_to_others(options, sealed):
    """The other tenant has the vault and the ciphertext, and still not the key."""
    crypt, _ = encrypter(options, "tenant-b")
    try:
        crypt.decrypt(sealed)
    except Exception as error:  # pylint: disable=broad-except
        assert "Item Not Found" in str(error), error
        print(f"the other tenant: {error}")
    else:
        raise AssertionError("the other tenant decrypts")
    finally:
        crypt.close()


def main():
    parser = arguments(__doc__)
    parser.add_argument("--phase", choices=("make", "read"), required=True)
    parser.add_argument("--delegated", action="store_true")
    parser.add_argument("--vault", type=Path, required=True, help="the file of the data key")
    parser.add_argument("--sealed", type=Path, required=True, help="the file of the ciphertext")
    options = parser.parse_args()
    {"make": make, "read": read}[options.phase](options)


if __name__ == "__main__":
    main()
