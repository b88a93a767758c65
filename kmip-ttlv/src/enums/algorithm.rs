//! Cryptographic algorithms, modes and curves.

use super::wire_enum;

wire_enum! {
    /// What a key is for (KMIP 1.4 §9.1.3.2.13, KMIP 2.1 §11.12).
    pub enum CryptographicAlgorithm {
        Des = 0x01 as "DES",
        Des3 = 0x02 as "DES3",
        Aes = 0x03 as "AES",
        Rsa = 0x04 as "RSA",
        Dsa = 0x05 as "DSA",
        Ecdsa = 0x06 as "ECDSA",
        HmacSha1 = 0x07 as "HMAC_SHA1",
        HmacSha224 = 0x08 as "HMAC_SHA224",
        HmacSha256 = 0x09 as "HMAC_SHA256",
        HmacSha384 = 0x0a as "HMAC_SHA384",
        HmacSha512 = 0x0b as "HMAC_SHA512",
        HmacMd5 = 0x0c as "HMAC_MD5",
        Dh = 0x0d as "DH",
        Ecdh = 0x0e as "ECDH",
        Ecmqv = 0x0f as "ECMQV",
        Blowfish = 0x10,
        Camellia = 0x11,
        Cast5 = 0x12 as "CAST5",
        Idea = 0x13 as "IDEA",
        Mars = 0x14 as "MARS",
        Rc2 = 0x15 as "RC2",
        Rc4 = 0x16 as "RC4",
        Rc5 = 0x17 as "RC5",
        Skipjack = 0x18 as "SKIPJACK",
        Twofish = 0x19,
        Ec = 0x1a as "EC" @ V1_2..,
        OneTimePad = 0x1b @ V1_3..,
        ChaCha20 = 0x1c @ V1_4..,
        Poly1305 = 0x1d @ V1_4..,
        ChaCha20Poly1305 = 0x1e @ V1_4..,
        Sha3_224 = 0x1f as "SHA3_224" @ V1_4..,
        Sha3_256 = 0x20 as "SHA3_256" @ V1_4..,
        Sha3_384 = 0x21 as "SHA3_384" @ V1_4..,
        Sha3_512 = 0x22 as "SHA3_512" @ V1_4..,
        HmacSha3_224 = 0x23 as "HMAC_SHA3_224" @ V1_4..,
        HmacSha3_256 = 0x24 as "HMAC_SHA3_256" @ V1_4..,
        HmacSha3_384 = 0x25 as "HMAC_SHA3_384" @ V1_4..,
        HmacSha3_512 = 0x26 as "HMAC_SHA3_512" @ V1_4..,
        Shake128 = 0x27 as "SHAKE_128" @ V1_4..,
        Shake256 = 0x28 as "SHAKE_256" @ V1_4..,
        Aria = 0x29 as "ARIA" @ V2_0..,
        Seed = 0x2a as "SEED" @ V2_0..,
        Sm2 = 0x2b as "SM2" @ V2_0..,
        Sm3 = 0x2c as "SM3" @ V2_0..,
        Sm4 = 0x2d as "SM4" @ V2_0..,
        Gostr34_10_2012 = 0x2e as "GOSTR34_10_2012" @ V2_0..,
        Gostr34_11_2012 = 0x2f as "GOSTR34_11_2012" @ V2_0..,
        Gostr34_13_2015 = 0x30 as "GOSTR34_13_2015" @ V2_0..,
        Gost28147_89 = 0x31 as "GOST28147_89" @ V2_0..,
        Xmss = 0x32 as "XMSS" @ V2_0..,
        Sphincs256 = 0x33 as "SPHINCS_256" @ V2_0..,
        McEliece = 0x34 @ V2_0..,
        McEliece6960119 = 0x35 as "McEliece_6960119" @ V2_0..,
        McEliece8192128 = 0x36 as "McEliece_8192128" @ V2_0..,
        Ed25519 = 0x37 @ V2_0..,
        Ed448 = 0x38 @ V2_0..,
    }
}

wire_enum! {
    /// Mode of operation of a block cipher (KMIP 1.4 §9.1.3.2.14, KMIP 2.1 §11.6).
    pub enum BlockCipherMode {
        Cbc = 0x01 as "CBC",
        Ecb = 0x02 as "ECB",
        Pcbc = 0x03 as "PCBC",
        Cfb = 0x04 as "CFB",
        Ofb = 0x05 as "OFB",
        Ctr = 0x06 as "CTR",
        Cmac = 0x07 as "CMAC",
        Ccm = 0x08 as "CCM",
        Gcm = 0x09 as "GCM",
        CbcMac = 0x0a as "CBC_MAC",
        Xts = 0x0b as "XTS",
        AesKeyWrapPadding = 0x0c as "AESKeyWrapPadding",
        NistKeyWrap = 0x0d as "NISTKeyWrap",
        X9_102Aeskw = 0x0e as "X9_102AESKW",
        X9_102Tdkw = 0x0f as "X9_102TDKW",
        X9_102Akw1 = 0x10 as "X9_102AKW1",
        X9_102Akw2 = 0x11 as "X9_102AKW2",
        Aead = 0x12 as "AEAD" @ V1_4..,
    }
}

wire_enum! {
    /// How data is padded to whole blocks (KMIP 1.4 §9.1.3.2.15, KMIP 2.1 §11.37).
    pub enum PaddingMethod {
        None = 0x01,
        Oaep = 0x02 as "OAEP",
        Pkcs5 = 0x03 as "PKCS5",
        Ssl3 = 0x04 as "SSL3",
        Zeros = 0x05,
        Ansix9_23 = 0x06 as "ANSIX9_23",
        Iso10126 = 0x07 as "ISO10126",
        Pkcs1V1_5 = 0x08 as "PKCS1V1_5",
        X9_31 = 0x09,
        Pss = 0x0a as "PSS",
    }
}

wire_enum! {
    /// Hash function (KMIP 1.4 §9.1.3.2.16, KMIP 2.1 §11.21).
    pub enum HashingAlgorithm {
        Md2 = 0x01 as "MD2",
        Md4 = 0x02 as "MD4",
        Md5 = 0x03 as "MD5",
        Sha1 = 0x04 as "SHA_1",
        Sha224 = 0x05 as "SHA_224",
        Sha256 = 0x06 as "SHA_256",
        Sha384 = 0x07 as "SHA_384",
        Sha512 = 0x08 as "SHA_512",
        Ripemd160 = 0x09 as "RIPEMD_160",
        Tiger = 0x0a,
        Whirlpool = 0x0b,
        Sha512_224 = 0x0c as "SHA_512_224" @ V1_2..,
        Sha512_256 = 0x0d as "SHA_512_256" @ V1_2..,
        Sha3_224 = 0x0e as "SHA3_224" | "SHA_3_224" @ V1_4..,
        Sha3_256 = 0x0f as "SHA3_256" | "SHA_3_256" @ V1_4..,
        Sha3_384 = 0x10 as "SHA3_384" | "SHA_3_384" @ V1_4..,
        Sha3_512 = 0x11 as "SHA3_512" | "SHA_3_512" @ V1_4..,
    }
}

wire_enum! {
    /// Mask generation function of OAEP and PSS (KMIP 1.4 §9.1.3.2.49, KMIP 2.1 §11.30).
    pub enum MaskGenerator {
        Mgf1 = 0x01 as "MGF1" | "MFG1" @ V1_4..,
    }
}

wire_enum! {
    /// Signature scheme with its hash (KMIP 1.4 §9.1.3.2.7, KMIP 2.1 §11.16).
    pub enum DigitalSignatureAlgorithm {
        Md2WithRsaEncryption = 0x01 as "MD2WithRSAEncryption"
            | "MD2WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        Md5WithRsaEncryption = 0x02 as "MD5WithRSAEncryption"
            | "MD5WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        Sha1WithRsaEncryption = 0x03 as "SHA_1WithRSAEncryption"
            | "SHA_1WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        Sha224WithRsaEncryption = 0x04 as "SHA_224WithRSAEncryption"
            | "SHA_224WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        Sha256WithRsaEncryption = 0x05 as "SHA_256WithRSAEncryption"
            | "SHA_256WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        Sha384WithRsaEncryption = 0x06 as "SHA_384WithRSAEncryption"
            | "SHA_384WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        Sha512WithRsaEncryption = 0x07 as "SHA_512WithRSAEncryption"
            | "SHA_512WithRSAEncryptionPKCS_1V1_5" @ V1_1..,
        RsassaPss = 0x08 as "RSASSA_PSS" | "RSASSA_PSSPKCS_1V2_1" @ V1_1..,
        DsaWithSha1 = 0x09 as "DSAWithSHA_1" @ V1_1..,
        DsaWithSha224 = 0x0a as "DSAWithSHA224" @ V1_1..,
        DsaWithSha256 = 0x0b as "DSAWithSHA256" @ V1_1..,
        EcdsaWithSha1 = 0x0c as "ECDSAWithSHA_1" @ V1_1..,
        EcdsaWithSha224 = 0x0d as "ECDSAWithSHA224" @ V1_1..,
        EcdsaWithSha256 = 0x0e as "ECDSAWithSHA256" @ V1_1..,
        EcdsaWithSha384 = 0x0f as "ECDSAWithSHA384" @ V1_1..,
        EcdsaWithSha512 = 0x10 as "ECDSAWithSHA512" @ V1_1..,
        Sha3_256WithRsaEncryption = 0x11 as "SHA3_256WithRSAEncryption" @ V1_4..,
        Sha3_384WithRsaEncryption = 0x12 as "SHA3_384WithRSAEncryption" @ V1_4..,
        Sha3_512WithRsaEncryption = 0x13 as "SHA3_512WithRSAEncryption" @ V1_4..,
    }
}
