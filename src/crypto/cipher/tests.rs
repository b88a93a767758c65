//! Laws of the ciphers. Published answers are in `fixtures/crypto/`.

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::random::{OsRandom, PredictableRandom};
use super::table::{IvRule, Row, SUPPORTED};
use super::*;

const AES: Option<CryptographicAlgorithm> = Some(CryptographicAlgorithm::Aes);

fn wanted(mode: BlockCipherMode, padding: PaddingMethod) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        padding_method: Some(padding),
        ..CryptographicParameters::default()
    }
}

fn gcm() -> Parameters {
    let wanted = wanted(BlockCipherMode::Gcm, PaddingMethod::None);
    Parameters::resolve(AES, Some(&wanted), None).unwrap()
}

/// One encryption and all that went into it.
#[derive(Debug)]
struct Sample {
    parameters: Parameters,
    key: Vec<u8>,
    aad: Vec<u8>,
    plain: Vec<u8>,
    sealed: Sealed,
}

impl Sample {
    fn iv(&self) -> Option<&[u8]> {
        self.sealed.made_iv.as_deref()
    }

    fn tag(&self) -> Option<&[u8]> {
        self.sealed.tag.as_deref()
    }

    fn open(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Self { parameters, key, aad, sealed, .. } = self;
        decrypt(parameters, key, self.iv(), aad, self.tag(), &sealed.data)
    }
}

/// Any row, padding, key length and data that go together, encrypted.
fn samples(rows: Vec<&'static Row>) -> impl Strategy<Value = Sample> {
    let choice = (select(rows), any::<Index>(), any::<Index>());
    let data = (proptest::collection::vec(any::<u8>(), 0..200), any::<[u8; 64]>(), any::<u64>());
    (choice, data).prop_map(|((row, padding, length), (mut plain, key, seed))| {
        let padding = *padding.get(row.paddings);
        match padding {
            // A data unit has a block, and ends where it likes.
            _ if row.mode == BlockCipherMode::Xts => plain.resize(plain.len().max(16), 7),
            PaddingMethod::None => plain.truncate(plain.len() - plain.len() % row.block_bytes),
            PaddingMethod::Zeros => plain.push(1), // zeros at the end of the text are lost
            _ => {}
        }
        let wanted = wanted(row.mode, padding);
        let parameters = Parameters::resolve(Some(row.algorithm), Some(&wanted), None).unwrap();
        let key = key[..*length.get(row.key_bytes)].to_vec();
        let aad = if row.authenticates() { key[..length.index(16)].to_vec() } else { Vec::new() };
        let random = PredictableRandom::new(seed);
        let sealed = encrypt(&parameters, &key, None, &aad, &plain, &random).unwrap();
        Sample { parameters, key, aad, plain, sealed }
    })
}

fn all_rows() -> Vec<&'static Row> {
    SUPPORTED.iter().collect()
}

fn authenticating_rows() -> Vec<&'static Row> {
    SUPPORTED.iter().filter(|row| row.authenticates()).collect()
}

/// `data` cut at any places.
fn parts<'a>(data: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
    places.sort_unstable();
    let mut parts = Vec::new();
    let mut from = 0;
    for to in places {
        parts.push(&data[from..to]);
        from = to;
    }
    parts.push(&data[from..]);
    parts
}

fn flip(bytes: &mut [u8], bit: Index) {
    let bit = bit.index(8 * bytes.len());
    bytes[bit / 8] ^= 1 << (bit % 8);
}

proptest! {
    #[test]
    fn what_is_encrypted_decrypts_to_itself(sample in samples(all_rows())) {
        prop_assert_eq!(&*sample.open().unwrap(), &sample.plain);
    }

    #[test]
    fn encryption_in_parts_equals_encryption_at_once(
        sample in samples(all_rows()),
        cuts in proptest::collection::vec(any::<Index>(), 0..8),
    ) {
        let Sample { parameters, key, aad, plain, sealed } = &sample;
        // ISO 10126 pads with random bytes, and there is no telling which.
        prop_assume!(parameters.padding() != PaddingMethod::Iso10126);
        let limits = Limits::default();
        let mut stream =
            Encryptor::new(parameters, key, sample.iv(), aad, limits, &OsRandom).unwrap();
        let parts = parts(plain, &cuts);
        let (last, first) = parts.split_last().unwrap();
        let mut data = Vec::new();
        for part in first {
            data.extend(stream.update(part).unwrap());
        }
        let end = stream.finish(last, &OsRandom).unwrap();
        data.extend(end.data);
        prop_assert_eq!(&data, &sealed.data);
        prop_assert_eq!(&end.tag, &sealed.tag);
    }

    #[test]
    fn decryption_in_parts_equals_decryption_at_once(
        sample in samples(all_rows()),
        cuts in proptest::collection::vec(any::<Index>(), 0..8),
    ) {
        let Sample { parameters, key, aad, plain, sealed } = &sample;
        let limits = Limits::default();
        let mut stream =
            Decryptor::new(parameters, key, sample.iv(), aad, sample.tag(), limits).unwrap();
        let parts = parts(&sealed.data, &cuts);
        let (last, first) = parts.split_last().unwrap();
        let mut text = Vec::new();
        for part in first {
            let some = stream.update(part).unwrap();
            prop_assert!(some.is_empty() || !parameters.authenticates());
            prop_assert!(some.is_empty() || !parameters.is_whole());
            text.extend_from_slice(&some);
        }
        text.extend_from_slice(&stream.finish(last).unwrap());
        prop_assert_eq!(&text, plain);
    }

    #[test]
    fn any_flipped_bit_is_rejected(
        sample in samples(authenticating_rows()),
        which in 0..5,
        bit in any::<Index>(),
    ) {
        let mut sample = sample;
        let bytes = match which {
            0 => &mut sample.key,
            1 => &mut sample.aad,
            2 => &mut sample.sealed.data,
            3 => sample.sealed.tag.as_mut().unwrap(),
            _ => sample.sealed.made_iv.as_mut().unwrap(),
        };
        prop_assume!(!bytes.is_empty());
        flip(bytes, bit);
        prop_assert_eq!(sample.open(), Err(Error::Rejected));
    }

    #[test]
    fn a_part_of_a_tag_is_no_tag(sample in samples(authenticating_rows()), cut in 0_usize..16) {
        let mut sample = sample;
        sample.sealed.tag.as_mut().unwrap().truncate(cut);
        prop_assert_eq!(sample.open(), Err(Error::Rejected));
    }
}

#[test]
fn every_row_starts_with_every_key_it_names() {
    for row in SUPPORTED {
        for padding in row.paddings {
            let wanted = wanted(row.mode, *padding);
            let parameters = Parameters::resolve(Some(row.algorithm), Some(&wanted), None).unwrap();
            for bytes in 0..=64_u8 {
                let key: Vec<u8> = (0..bytes).collect();
                let bytes = usize::from(bytes);
                let answer = encrypt(&parameters, &key, None, b"", &[0; 16], &OsRandom);
                assert_eq!(answer.is_ok(), row.key_bytes.contains(&bytes), "{row:?} {bytes}");
            }
        }
    }
}

#[test]
fn what_the_table_does_not_list_is_unsupported() {
    for (algorithm, _) in CryptographicAlgorithm::ALL {
        for (mode, _) in BlockCipherMode::ALL {
            for (padding, _) in PaddingMethod::ALL {
                let wanted = wanted(*mode, *padding);
                let answer = Parameters::resolve(Some(*algorithm), Some(&wanted), None);
                let listed = SUPPORTED.iter().any(|row| {
                    (row.algorithm, row.mode) == (*algorithm, *mode)
                        && row.paddings.contains(padding)
                });
                match answer {
                    Ok(_) => assert!(listed, "{algorithm:?} {mode:?} {padding:?}"),
                    Err(error) => assert!(!listed && error == Error::Unsupported),
                }
            }
        }
    }
}

/// mongod encrypts its audit log in this way and hands back IV and data.
#[test]
fn without_parameters_it_is_cbc_with_pkcs5_and_a_fresh_iv() {
    let parameters = Parameters::resolve(AES, None, None).unwrap();
    assert_eq!(parameters.mode(), BlockCipherMode::Cbc);
    assert_eq!(parameters.padding(), PaddingMethod::Pkcs5);
    let key = [7; 32];
    let one = encrypt(&parameters, &key, None, b"", b"text", &OsRandom).unwrap();
    let two = encrypt(&parameters, &key, None, b"", b"text", &OsRandom).unwrap();
    assert_ne!(one.made_iv, two.made_iv);
    let plain = decrypt(&parameters, &key, one.made_iv.as_deref(), b"", None, &one.data).unwrap();
    assert_eq!(&*plain, b"text");
}

#[test]
fn a_mode_alone_means_no_padding() {
    for row in SUPPORTED {
        let wanted = CryptographicParameters {
            block_cipher_mode: Some(row.mode),
            ..CryptographicParameters::default()
        };
        let parameters = Parameters::resolve(Some(row.algorithm), None, Some(&wanted)).unwrap();
        assert_eq!(parameters.padding(), PaddingMethod::None, "{row:?}");
    }
}

#[test]
fn the_request_counts_before_the_attribute() {
    let ecb = wanted(BlockCipherMode::Ecb, PaddingMethod::Pkcs5);
    let mut gcm = wanted(BlockCipherMode::Gcm, PaddingMethod::None);
    gcm.tag_length = Some(12);
    let resolve = |request, attribute| Parameters::resolve(AES, request, attribute).unwrap();
    let only = resolve(None, Some(&gcm));
    assert_eq!((only.mode(), only.tag_bytes()), (BlockCipherMode::Gcm, 12));
    let both = resolve(Some(&ecb), Some(&gcm));
    assert_eq!((both.mode(), both.padding()), (BlockCipherMode::Ecb, PaddingMethod::Pkcs5));
    // A request without a mode adds to the attribute.
    let tag =
        CryptographicParameters { tag_length: Some(14), ..CryptographicParameters::default() };
    let added = resolve(Some(&tag), Some(&gcm));
    assert_eq!((added.mode(), added.tag_bytes()), (BlockCipherMode::Gcm, 14));
}

#[test]
fn a_key_of_another_algorithm_is_not_used() {
    let mut other = wanted(BlockCipherMode::Cbc, PaddingMethod::None);
    other.cryptographic_algorithm = Some(CryptographicAlgorithm::Des3);
    let answer = Parameters::resolve(AES, Some(&other), None);
    assert_eq!(answer.unwrap_err(), Error::WrongAlgorithm);
    let unknown = Parameters::resolve(None, None, None);
    assert_eq!(unknown.unwrap_err(), Error::Unsupported);
}

#[test]
fn an_iv_is_made_only_where_it_is_needed_and_allowed() {
    for row in SUPPORTED {
        let mut wanted = wanted(row.mode, PaddingMethod::None);
        let seal = |wanted: &_, iv: Option<&[u8]>| {
            let parameters = Parameters::resolve(Some(row.algorithm), Some(wanted), None).unwrap();
            let key: Vec<u8> = (0..64).take(row.key_bytes[0]).collect();
            encrypt(&parameters, &key, iv, b"", &[0; 32], &OsRandom)
        };
        let bytes = match row.iv {
            IvRule::Unused => None,
            IvRule::Exactly(bytes)
            | IvRule::OneOf { usual: bytes, .. }
            | IvRule::Any { usual: bytes, .. } => Some(bytes),
        };
        let made = seal(&wanted, None).unwrap().made_iv;
        assert_eq!(made.map(|iv| iv.len()), bytes, "{row:?}");
        let iv = vec![1; bytes.unwrap_or(0)];
        let given = seal(&wanted, Some(&iv)).unwrap();
        assert_eq!(given.made_iv, None);
        wanted.random_iv = Some(false);
        assert_eq!(seal(&wanted, None).err(), bytes.map(|_| Error::MissingIv), "{row:?}");
    }
}

#[test]
fn a_stream_takes_what_its_limit_says_and_no_more() {
    let limits = Limits { stream_bytes_max: 40, held_bytes_max: 24 };
    let (key, iv) = ([7; 16], [1; 12]);
    let start = || Encryptor::new(&gcm(), &key, Some(&iv), b"", limits, &OsRandom).unwrap();
    let mut stream = start();
    stream.update(&[0; 39]).unwrap();
    assert!(stream.finish(&[0], &OsRandom).is_ok());
    let mut stream = start();
    stream.update(&[0; 40]).unwrap();
    assert_eq!(stream.update(&[0]).unwrap_err(), Error::TooMuchData);
    assert_eq!(stream.finish(&[0], &OsRandom).unwrap_err(), Error::TooMuchData);

    // So does an encryption of which the end must be known first, of what it holds back.
    let ccm = wanted(BlockCipherMode::Ccm, PaddingMethod::None);
    let ccm = Parameters::resolve(AES, Some(&ccm), None).unwrap();
    let mut stream = Encryptor::new(&ccm, &key, Some(&iv), b"", limits, &OsRandom).unwrap();
    assert_eq!(stream.update(&[0; 24]).unwrap(), b"");
    assert_eq!(stream.update(&[0]).unwrap_err(), Error::TooMuchData);

    // A decryption that authenticates holds everything back.
    let tag = encrypt(&gcm(), &key, Some(&iv), b"", &[0; 24], &OsRandom).unwrap().tag.unwrap();
    let mut stream = Decryptor::new(&gcm(), &key, Some(&iv), b"", Some(&tag), limits).unwrap();
    stream.update(&[0; 24]).unwrap();
    assert_eq!(stream.update(&[0]).unwrap_err(), Error::TooMuchData);
}

#[test]
fn a_counter_stops_before_it_runs_into_the_iv() {
    let mut wanted = wanted(BlockCipherMode::Ctr, PaddingMethod::None);
    wanted.counter_length = Some(32);
    wanted.initial_counter_value = Some(i32::MAX);
    let parameters = Parameters::resolve(AES, Some(&wanted), None).unwrap();
    assert_eq!(parameters.data_bytes_max(), 16 * ((1 << 32) - (1 << 31) + 1));
    wanted.counter_length = Some(64);
    let parameters = Parameters::resolve(AES, Some(&wanted), None).unwrap();
    assert_eq!(parameters.data_bytes_max(), u64::MAX);
}

#[test]
fn streams_print_neither_key_nor_data() {
    let mut stream =
        Encryptor::new(&gcm(), &[0xab; 16], None, b"", Limits::default(), &OsRandom).unwrap();
    stream.update(&[0xcd; 5]).unwrap();
    assert_eq!(format!("{stream:?}"), "Encryptor { mode: Gcm, held_bytes: 0, .. }");
}
