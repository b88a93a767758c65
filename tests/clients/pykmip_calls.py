"""PyKMIP's client against the server, every call at every version that it speaks."""

import hashlib
import hmac
import time

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from kmip.core import enums, objects as cobjects, primitives
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.exceptions import OperationFailure
from kmip.pie import objects
from kmip.pie.exceptions import KmipOperationFailure

from place import Place, arguments
from tap import Stranger, TappedClient

AES = enums.CryptographicAlgorithm.AES
MASK = enums.CryptographicUsageMask
ATTRIBUTE = enums.AttributeType
VERSIONS = list(enums.KMIPVersion)
CIPHER = {
    "cryptographic_algorithm": AES,
    "block_cipher_mode": enums.BlockCipherMode.CBC,
    "padding_method": enums.PaddingMethod.PKCS5,
}


def attribute(kind, value):
    return AttributeFactory().create_attribute(kind, value)


def refused(call, *reasons):
    """A call that fails for one of these reasons."""
    try:
        call()
    except (KmipOperationFailure, OperationFailure) as failure:
        assert failure.reason in reasons, f"{failure.reason} is not of {reasons}"
        assert str(failure).strip(), "a failure says why in words"
        return
    raise AssertionError(f"not refused: {reasons}")


def gone(client):
    """The reason that the version has for an object that is not there."""
    if client.kmip_version < enums.KMIPVersion.KMIP_2_0:
        return (enums.ResultReason.ITEM_NOT_FOUND,)
    return (
        enums.ResultReason.ITEM_NOT_FOUND,
        enums.ResultReason.OBJECT_NOT_FOUND,
        enums.ResultReason.OBJECT_DESTROYED,
    )


def is_2x(client):
    return client.kmip_version >= enums.KMIPVersion.KMIP_2_0


def has_cryptography(client):
    return client.kmip_version >= enums.KMIPVersion.KMIP_1_2


def state(client, uid):
    _, attributes = client.get_attributes(uid, ["State"])
    assert [a.attribute_name.value for a in attributes] == ["State"], "exactly what was asked"
    return attributes[0].attribute_value.value


def values(client, uid, *names):
    _, attributes = client.get_attributes(uid, list(names))
    return [a.attribute_value.value if hasattr(a.attribute_value, "value") else a.attribute_value
            for a in attributes]


def create_and_get(client):
    uid = client.own(client.create(AES, 256, name="created"))
    key = client.get(uid)
    assert isinstance(key, objects.SymmetricKey)
    assert key.cryptographic_algorithm == AES and key.cryptographic_length == 256
    assert len(key.value) == 32
    assert state(client, uid) == enums.State.PRE_ACTIVE
    assert values(client, uid, "Cryptographic Length", "Object Type") == [
        256, enums.ObjectType.SYMMETRIC_KEY]
    if not is_2x(client):
        assert client.get_attributes(uid, ["x-nobody-set-this"])[1] == []
    names = client.get_attribute_list(uid)
    assert {"Unique Identifier", "State", "Name", "Cryptographic Usage Mask"} <= set(names), names
    client.destroy(uid)
    refused(lambda: client.get(uid), *gone(client))
    refused(lambda: client.destroy(uid), *gone(client))


def get_wrapped(client):
    """A wrapping key without Cryptographic Parameters; they are in the request, or nowhere."""
    if client.kmip_version == enums.KMIPVersion.KMIP_1_0:
        return  # which has no Encoding Option
    uid = client.own(client.create(AES, 256))
    wrapping = client.own(client.create(
        AES, 256, cryptographic_usage_mask=[MASK.WRAP_KEY, MASK.UNWRAP_KEY]))

    def wrapped(parameters):
        information = {"unique_identifier": wrapping}
        if parameters:
            information["cryptographic_parameters"] = parameters
        return client.get(uid, key_wrapping_specification={
            "wrapping_method": enums.WrappingMethod.ENCRYPT,
            "encryption_key_information": information,
            "encoding_option": enums.EncodingOption.NO_ENCODING,
        })

    named = {"block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP}
    refused(lambda: wrapped(named), enums.ResultReason.PERMISSION_DENIED)
    client.activate(wrapping)
    for parameters in (named, None):
        key = wrapped(parameters)
        assert key.key_wrapping_data["encryption_key_information"]["unique_identifier"] == wrapping
        plain = keywrap.aes_key_unwrap(client.get(wrapping).value, key.value)
        assert plain == client.get(uid).value
    brought = objects.SymmetricKey(AES, 256, key.value, masks=[MASK.ENCRYPT],
                                   key_wrapping_data=key.key_wrapping_data)
    # Strangers may bring keys that name any wrapping key: each is new, and none is looked for.
    client.tap.uids.remove(wrapping)
    back = client.own(client.register(brought))
    assert client.get(back).value == key.value


def register_and_get(client):
    masks = [MASK.ENCRYPT, MASK.DECRYPT]
    key = objects.SymmetricKey(AES, 128, bytes(range(16)), masks=masks, name="registered")
    secret = objects.SecretData(b"correct horse battery staple",
                                enums.SecretDataType.PASSWORD, masks=[MASK.VERIFY])
    opaque = objects.OpaqueObject(b"\x00\x01opaque", enums.OpaqueDataType.NONE, name="opaque")
    for registered in (key, secret, opaque):
        uid = client.own(client.register(registered))
        assert client.get(uid).value == registered.value
        assert client.get(uid).value == registered.value
        client.destroy(uid)


def locate(client):
    mark = str(time.monotonic_ns())
    start = int(time.time()) - 2
    first = client.own(client.create(AES, 256, name="twin " + mark))
    second = client.own(client.create(AES, 128, name="twin " + mark))
    third = client.own(client.create(AES, 128, name="other " + mark))
    name = attribute(ATTRIBUTE.NAME, "twin " + mark)
    dates = [attribute(ATTRIBUTE.INITIAL_DATE, date) for date in (start, start + 3600)]
    old = [attribute(ATTRIBUTE.INITIAL_DATE, date) for date in (1, 2)]

    def found(*attributes, **page):
        uids = client.locate(attributes=list(attributes), **page)
        return [uid for uid in uids if uid in (first, second, third)]

    assert found(name) == [second, first], "newest first"
    assert found(name, maximum_items=1) == [second]
    assert found(name, attribute(ATTRIBUTE.CRYPTOGRAPHIC_LENGTH, 256)) == [first]
    assert found(attribute(ATTRIBUTE.CRYPTOGRAPHIC_ALGORITHM, AES)) == [third, second, first]
    assert found(attribute(ATTRIBUTE.CRYPTOGRAPHIC_USAGE_MASK, [MASK.ENCRYPT])) == [
        third, second, first], "a mask matches its supersets"
    assert found(attribute(ATTRIBUTE.CRYPTOGRAPHIC_USAGE_MASK, [MASK.SIGN])) == []
    assert found(attribute(ATTRIBUTE.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY), name) == [
        second, first]
    assert found(attribute(ATTRIBUTE.OBJECT_TYPE, enums.ObjectType.SECRET_DATA), name) == []
    assert found(attribute(ATTRIBUTE.STATE, enums.State.PRE_ACTIVE), name) == [second, first]
    assert found(attribute(ATTRIBUTE.STATE, enums.State.ACTIVE), name) == []
    assert found(attribute(ATTRIBUTE.UNIQUE_IDENTIFIER, first)) == [first]
    assert found(*dates) == [third, second, first], "two dates are a range"
    assert found(*old) == []
    assert found(attribute(ATTRIBUTE.NAME, "nobody")) == []
    assert set(found()) == {first, second, third}
    pages = [client.locate(maximum_items=1, offset_items=n, attributes=[name]) for n in range(3)]
    assert pages == [[second], [first], []], "pages come to an end, in every version"
    for uid in (first, second, third):
        client.destroy(uid)
    assert found() == []


def located_by_other_attributes(client):
    mark = str(time.monotonic_ns())
    # PyKMIP gives each of several Application Specific Informations the index 0.
    informations = [{"application_namespace": "ssl", "application_data": mark},
                    {"application_namespace": "tls", "application_data": mark}]
    key = objects.SymmetricKey(AES, 128, bytes(16), masks=[MASK.ENCRYPT],
                               app_specific_info=informations)
    uid = client.own(client.register(key))
    kind = ATTRIBUTE.APPLICATION_SPECIFIC_INFORMATION
    for information in informations:
        assert client.locate(attributes=[attribute(kind, information)]) == [uid]
    other = dict(informations[0], application_data="another")
    assert client.locate(attributes=[attribute(kind, other)]) == []
    client.destroy(uid)

    group = attribute(ATTRIBUTE.OBJECT_GROUP, "group " + mark)
    also = [] if is_2x(client) else [attribute(ATTRIBUTE.OPERATION_POLICY_NAME, "default")]
    if client.kmip_version >= enums.KMIPVersion.KMIP_1_4:
        also.append(attribute(ATTRIBUTE.SENSITIVE, True))
    wanted = [attribute(ATTRIBUTE.CRYPTOGRAPHIC_ALGORITHM, AES),
              attribute(ATTRIBUTE.CRYPTOGRAPHIC_LENGTH, 256),
              attribute(ATTRIBUTE.CRYPTOGRAPHIC_USAGE_MASK, [MASK.ENCRYPT]), group, *also]
    made = client.proxy.create(enums.ObjectType.SYMMETRIC_KEY,
                               cobjects.TemplateAttribute(attributes=wanted))
    uid = client.own(made.uuid)
    for one in also:
        assert client.locate(attributes=[group, one]) == [uid], one
    assert client.locate(attributes=[group]) == [uid]
    client.destroy(uid)


def life(client):
    uid = client.own(client.create(AES, 256, name="life"))
    client.activate(uid)
    assert state(client, uid) == enums.State.ACTIVE
    active = (enums.ResultReason.PERMISSION_DENIED, enums.ResultReason.WRONG_KEY_LIFECYCLE_STATE)
    refused(lambda: client.destroy(uid), *active)
    client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid, "done")
    assert state(client, uid) == enums.State.DEACTIVATED
    client.revoke(enums.RevocationReasonCode.KEY_COMPROMISE, uid)
    assert state(client, uid) == enums.State.COMPROMISED
    assert client.get(uid).value, "a compromised key can be fetched"
    client.destroy(uid)
    refused(lambda: client.activate(uid), *gone(client), *active)
    other = client.own(client.create(AES, 256))
    client.revoke(enums.RevocationReasonCode.KEY_COMPROMISE, other)
    assert state(client, other) == enums.State.COMPROMISED
    client.destroy(other)


def encrypt(client):
    data = b"to be kept from others"
    uid = client.own(client.create(AES, 256))
    if not has_cryptography(client):
        refused(lambda: client.encrypt(data, uid, CIPHER, bytes(16)),
                enums.ResultReason.OPERATION_NOT_SUPPORTED)
        client.destroy(uid)
        return
    refused(lambda: client.encrypt(data, uid, CIPHER, bytes(16)),
            enums.ResultReason.PERMISSION_DENIED, enums.ResultReason.WRONG_KEY_LIFECYCLE_STATE)
    client.activate(uid)
    sealed, iv = client.encrypt(data, uid, CIPHER, bytes(range(16)))
    assert iv is None and len(sealed) == 32, "an IV that the client gave is not sent back"
    assert client.decrypt(sealed, uid, CIPHER, bytes(range(16))) == data
    sealed, iv = client.encrypt(data, uid, dict(CIPHER, random_iv=True))
    assert len(iv) == 16, "an IV that the server chose is"
    assert client.decrypt(sealed, uid, CIPHER, iv) == data
    sealed, iv = client.encrypt(data, uid)
    assert len(iv) == 16, "without parameters the server chooses the mode and an IV"
    assert client.decrypt(sealed, uid, None, iv) == data
    ecb = dict(CIPHER, block_cipher_mode=enums.BlockCipherMode.ECB)
    assert client.decrypt(client.encrypt(data, uid, ecb)[0], uid, ecb) == data
    ctr = {"cryptographic_algorithm": AES, "block_cipher_mode": enums.BlockCipherMode.CTR}
    sealed, _ = client.encrypt(data, uid, ctr, bytes(16))
    assert len(sealed) == len(data) and client.decrypt(sealed, uid, ctr, bytes(16)) == data
    client.revoke(enums.RevocationReasonCode.UNSPECIFIED, uid)
    client.destroy(uid)


def mac(client):
    if not has_cryptography(client):
        return
    key = objects.SymmetricKey(enums.CryptographicAlgorithm.HMAC_SHA256, 256, b"k" * 32,
                               masks=[MASK.MAC_GENERATE, MASK.MAC_VERIFY])
    uid = client.own(client.register(key))
    client.activate(uid)
    made_for, made = client.mac(b"data", uid, enums.CryptographicAlgorithm.HMAC_SHA256)
    assert made_for == uid and made == hmac.new(b"k" * 32, b"data", hashlib.sha256).digest()
    client.revoke(enums.RevocationReasonCode.UNSPECIFIED, uid)
    client.destroy(uid)


def key_pair(client):
    rsa = enums.CryptographicAlgorithm.RSA
    public, private = client.create_key_pair(
        rsa, 2048, public_name="public", private_name="private",
        public_usage_mask=[MASK.VERIFY, MASK.ENCRYPT],
        private_usage_mask=[MASK.SIGN, MASK.DECRYPT])
    client.own(public)
    client.own(private)
    keys = client.get(public), client.get(private)
    assert isinstance(keys[0], objects.PublicKey) and isinstance(keys[1], objects.PrivateKey)
    assert all(key.cryptographic_length == 2048 for key in keys)
    loaded = serialization.load_der_private_key(keys[1].value, None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert loaded.public_key().public_bytes(*form) == keys[0].value, "the halves fit"
    for registered in keys:
        uid = client.own(client.register(registered))
        assert client.get(uid).value == registered.value
        client.destroy(uid)
    if has_cryptography(client):
        compute_with_pair(client, loaded.public_key(), public, private)
    for uid in (public, private):
        client.destroy(uid)


def compute_with_pair(client, loaded, public, private):
    data = b"signed and sealed"
    pss = {"padding_method": enums.PaddingMethod.PSS,
           "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
           "cryptographic_algorithm": enums.CryptographicAlgorithm.RSA}
    for uid in (public, private):
        client.activate(uid)
    signature = client.sign(data, private, pss)
    loaded.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    valid = client.signature_verify(data, signature, public, pss)
    assert valid == enums.ValidityIndicator.VALID
    valid = client.signature_verify(b"other", signature, public, pss)
    assert valid == enums.ValidityIndicator.INVALID
    oaep = {"padding_method": enums.PaddingMethod.OAEP,
            "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
            "cryptographic_algorithm": enums.CryptographicAlgorithm.RSA}
    scheme = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    assert client.decrypt(loaded.encrypt(data, scheme), private, oaep) == data
    sealed, iv = client.encrypt(data, public, oaep)
    assert iv is None and client.decrypt(sealed, private, oaep) == data
    for uid in (public, private):
        client.revoke(enums.RevocationReasonCode.UNSPECIFIED, uid)


def change_attributes(client):
    uid = client.own(client.register(objects.SymmetricKey(
        AES, 128, bytes(16), masks=[MASK.ENCRYPT], name="before")))
    if is_2x(client):
        def new(value):
            return primitives.TextString(value, tag=enums.Tags.CONTACT_INFORMATION)
        client.set_attribute(uid, attribute_name="Contact Information", attribute_value="Joe")
        client.modify_attribute(uid, new_attribute=cobjects.NewAttribute(attribute=new("Jane")))
        assert values(client, uid, "Contact Information") == ["Jane"]
        reference = cobjects.AttributeReference(
            vendor_identification="x", attribute_name="nothing")
        refused(lambda: client.delete_attribute(uid, attribute_reference=reference),
                enums.ResultReason.ATTRIBUTE_NOT_FOUND)
    else:
        changed = attribute(ATTRIBUTE.NAME, "after")
        echo_of, echo = client.modify_attribute(uid, attribute=changed)
        assert echo_of == uid and echo.attribute_value.name_value.value == "after"
        _, deleted = client.delete_attribute(uid, attribute_name="Name")
        assert deleted.attribute_value.name_value.value == "after"
        assert client.get_attributes(uid, ["Name"])[1] == []
    client.destroy(uid)


def rekey(client):
    old = client.own(client.create(AES, 256, name="moves " + str(time.monotonic_ns())))
    client.activate(old)
    if is_2x(client):
        # ProxyKmipClient sends a Template-Attribute, which 2.x has not; KMIPProxy need not.
        new = client.own(client.proxy.rekey(uuid=old)["unique_identifier"])
    else:
        new = client.own(client.rekey(old))
    assert new != old and client.get(new).value != client.get(old).value
    assert client.get_attributes(old, ["Name"])[1] == []
    assert len(client.get_attributes(new, ["Name"])[1]) == 1
    for uid in (old, new):
        client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid)
        client.destroy(uid)


def check(client):
    uid = client.own(client.create(AES, 256))
    assert client.check(uid, cryptographic_usage_mask=[MASK.ENCRYPT]) == uid
    client.destroy(uid)


def query(client):
    functions = [enums.QueryFunction.QUERY_OPERATIONS, enums.QueryFunction.QUERY_OBJECTS,
                 enums.QueryFunction.QUERY_SERVER_INFORMATION]
    answer = client.proxy.query(query_functions=functions)
    assert answer.result_status.value == enums.ResultStatus.SUCCESS
    operations = [enums.Operation(getattr(operation, "value", operation))
                  for operation in answer.operations]
    served = {enums.Operation.CREATE, enums.Operation.GET, enums.Operation.LOCATE}
    assert served <= set(operations), operations
    assert (enums.Operation.ENCRYPT in operations) == has_cryptography(client)
    assert answer.vendor_identification


def discover_versions(client):
    if client.kmip_version == enums.KMIPVersion.KMIP_1_0:
        return
    answer = client.proxy.discover_versions()
    assert answer.result_status.value == enums.ResultStatus.SUCCESS
    versions = [(v.major, v.minor) for v in answer.protocol_versions]
    assert versions == sorted(versions, reverse=True), "best first"
    assert {(1, 0), (1, 4), (2, 0), (2, 1)} <= set(versions)


CALLS = [create_and_get, register_and_get, get_wrapped, locate, located_by_other_attributes, life,
         encrypt, mac, key_pair, change_attributes, rekey, check, query, discover_versions]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--only", help="the name of one call")
    parser.add_argument("--alone", action="store_true", help="without strangers")
    options = parser.parse_args()
    place = Place(options)
    others = [] if options.alone else [("tenant-b", "mongodb"), ("tenant-a", "orders")]
    strangers = [Stranger(place, *other) for other in others]
    failures = 0
    for version in VERSIONS:
        for call in CALLS:
            if options.only not in (None, call.__name__):
                continue
            try:
                with TappedClient(place, "tenant-a", "mongodb", version, strangers) as client:
                    call(client)
                    tried = client.tap.tried
                print(f"ok   {version.name} {call.__name__} ({tried} requests tried by strangers)")
            except Exception as error:  # pylint: disable=broad-except
                failures += 1
                print(f"FAIL {version.name} {call.__name__}: {type(error).__name__}: {error}")
    for stranger in strangers:
        stranger.close()
    return failures


if __name__ == "__main__":
    raise SystemExit(1 if main() else 0)
