//! Laws of splitting and joining.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::crypto::random::PredictableRandom;

fn method() -> impl Strategy<Value = Method> {
    let polynomial = || prop_oneof![Just(Polynomial::P283), Just(Polynomial::P285)];
    prop_oneof![
        polynomial().prop_map(Method::Gf8),
        polynomial().prop_map(Method::Gf16),
        Just(Method::Prime(PrimeField::for_secret(512).unwrap())),
    ]
}

fn parts(split: &[Secret<Vec<u8>>], numbers: &[u16]) -> Vec<Part> {
    let part = |number: &u16| Part {
        number: *number,
        bytes: Secret::new(split[usize::from(*number) - 1].expose().clone()),
    };
    numbers.iter().map(part).collect()
}

/// A method, a threshold, and at least so many of up to ten parts, in any order.
fn choice() -> impl Strategy<Value = (Method, i32, Vec<u16>)> {
    (method(), 2..=10_usize).prop_flat_map(|(method, threshold)| {
        let numbers = subsequence((1..=10).collect::<Vec<u16>>(), threshold..=10).prop_shuffle();
        (Just(method), Just(i32::try_from(threshold).unwrap()), numbers)
    })
}

proptest! {
    /// As many parts as are needed, or more of them, give the secret, whichever they are.
    #[test]
    fn any_parts_that_are_enough_give_the_secret(
        (method, threshold, numbers) in choice(),
        secret in proptest::collection::vec(any::<u8>(), 1..64),
        seed: u64,
    ) {
        let plan = Plan::new(method, 10, threshold).unwrap();
        let split = plan.split(&secret, &PredictableRandom::new(seed)).unwrap();
        let joined = plan.join(&parts(&split, &numbers), Some(secret.len())).unwrap();
        prop_assert_eq!(&*joined, &secret);
    }

    /// One part too few is refused.
    #[test]
    fn too_few_parts_give_nothing((method, threshold, numbers) in choice(), seed: u64) {
        let plan = Plan::new(method, 10, threshold).unwrap();
        let split = plan.split(&[1, 2, 3], &PredictableRandom::new(seed)).unwrap();
        let few = &numbers[..usize::try_from(threshold).unwrap() - 1];
        prop_assert_eq!(plan.join(&parts(&split, few), Some(3)), Err(SplitError::TooFew));
    }

    /// A part beyond those that are needed does not hide that one is wrong.
    #[test]
    fn a_wrong_part_among_more_than_enough_is_found(
        (method, _, _) in choice(),
        wrong in 1..=4_u16,
        seed: u64,
    ) {
        let plan = Plan::new(method, 4, 3).unwrap();
        let random = PredictableRandom::new(seed);
        let split = plan.split(&[7; 16], &random).unwrap();
        let other = plan.split(&[8; 16], &random).unwrap();
        let mut parts = parts(&split, &[1, 2, 3, 4]);
        let place = usize::from(wrong) - 1;
        prop_assume!(other[place].expose() != split[place].expose());
        parts[place].bytes = Secret::new(other[place].expose().clone());
        prop_assert_eq!(plan.join(&parts, Some(16)), Err(SplitError::Inconsistent));
    }

    /// XOR gives the secret of all parts.
    #[test]
    fn all_parts_together_are_the_secret(
        secret in proptest::collection::vec(any::<u8>(), 1..64),
        count in 2..=10_u16,
        seed: u64,
    ) {
        let plan = Plan::new(Method::Xor, i32::from(count), i32::from(count)).unwrap();
        let split = plan.split(&secret, &PredictableRandom::new(seed)).unwrap();
        let numbers: Vec<u16> = (1..=count).rev().collect();
        prop_assert_eq!(&*plan.join(&parts(&split, &numbers), None).unwrap(), &secret);
    }
}

/// Each value of the part that is missing gives another secret, so that the others say nothing.
#[test]
fn with_one_part_missing_every_secret_is_as_likely() {
    for polynomial in [Polynomial::P283, Polynomial::P285] {
        let plan = Plan::new(Method::Gf8(polynomial), 5, 3).unwrap();
        let split = plan.split(&[42], &PredictableRandom::new(3)).unwrap();
        let mut seen = [false; 256];
        for value in 0..=u8::MAX {
            let mut parts = parts(&split, &[2, 5, 4]);
            parts[1].bytes = Secret::new(vec![value]);
            seen[usize::from(plan.join(&parts, None).unwrap()[0])] = true;
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let field = || PrimeField::for_secret(128).unwrap();
    for (parts, threshold) in
        [(0, 0), (5, 0), (5, 1), (1, 1), (5, 6), (-1, -1), (256, 3), (70_000, 2)]
    {
        for method in [Method::Gf8(Polynomial::P283), Method::Prime(field())] {
            let refused = Plan::new(method, parts, threshold).unwrap_err();
            assert_eq!(refused, SplitError::BadNumbers, "{parts} {threshold}");
        }
    }
    assert_eq!(Plan::new(Method::Xor, 5, 4).unwrap_err(), SplitError::NotAllParts);
    assert!(Plan::new(Method::Gf16(Polynomial::P285), 255, 255).is_ok());
}

#[test]
fn a_prime_must_be_one_and_large_enough() {
    let refused = |bytes: &[u8]| PrimeField::from_bytes(bytes).unwrap_err();
    assert_eq!(refused(&[]), SplitError::NoPrime);
    assert_eq!(refused(&[0xff, 0xf1]), SplitError::NoPrime, "65521 has no place for every part");
    assert_eq!(refused(&[1, 0, 0, 0]), SplitError::NoPrime);
    assert_eq!(refused(&vec![0xff; 8448 / 8 + 1]), SplitError::TooLong);
    assert!(!PrimeField::from_bytes(&[0xff; 17]).unwrap().is_prime());
    let plan = Plan::new(Method::Prime(PrimeField::for_secret(128).unwrap()), 3, 2).unwrap();
    let random = PredictableRandom::new(1);
    assert_eq!(plan.split(&[0; 17], &random).unwrap_err(), SplitError::NoPrime);
    assert_eq!(plan.split(&[], &random).unwrap_err(), SplitError::Empty);
    let much = vec![0; SECRET_BYTES_MAX + 1];
    assert_eq!(plan.split(&much, &random).unwrap_err(), SplitError::TooLong);
}
