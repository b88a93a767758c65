//! Secret sharing over any field (Shamir 1979): the secret is a polynomial's value at 0, the parts
//! are its values at 1, 2, 3 and so on.

use zeroize::{Zeroize, Zeroizing};

use crate::crypto::random::{Random, RandomError};

/// A finite field with constant-time arithmetic.
pub(super) trait Field {
    /// A number of the field.
    type Element: Clone + Zeroize;

    /// The number that stands for a part, or for the secret: 0.
    fn place(&self, number: u16) -> Self::Element;

    /// The sum.
    fn add(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// The difference.
    fn subtract(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// The product.
    fn multiply(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// The inverse; `None` of what has none.
    fn invert(&self, a: &Self::Element) -> Option<Self::Element>;

    /// So many numbers, each as likely as any other.
    ///
    /// # Errors
    /// Without randomness.
    fn random(&self, count: usize, random: &dyn Random) -> Result<Elements<Self>, RandomError>;

    /// The bytes as numbers; `None` if they are none of this field.
    fn read(&self, bytes: &[u8]) -> Option<Elements<Self>>;

    /// The numbers as bytes.
    fn write(&self, elements: &[Self::Element]) -> Zeroizing<Vec<u8>>;
}

/// Numbers that are wiped.
pub(super) type Elements<F> = Zeroizing<Vec<<F as Field>::Element>>;

/// The values at 1 to `parts` of one polynomial for each piece of the secret, any `threshold` of
/// which determine it.
///
/// # Errors
/// Without randomness.
pub(super) fn share<F: Field>(
    field: &F,
    pieces: &[F::Element],
    parts: u16,
    threshold: u16,
    random: &dyn Random,
) -> Result<Vec<Elements<F>>, RandomError> {
    let places: Vec<_> = (1..=parts).map(|number| field.place(number)).collect();
    let mut shares: Vec<Elements<F>> =
        places.iter().map(|_| Zeroizing::new(Vec::with_capacity(pieces.len()))).collect();
    for piece in pieces {
        let coefficients = field.random(usize::from(threshold).saturating_sub(1), random)?;
        for (share, place) in shares.iter_mut().zip(&places) {
            let mut value = Zeroizing::new(field.place(0));
            for coefficient in coefficients.iter().rev() {
                let sum = Zeroizing::new(field.add(&value, coefficient));
                value = Zeroizing::new(field.multiply(&sum, place));
            }
            share.push(field.add(&value, piece));
        }
    }
    Ok(shares)
}

/// The values at `place` of the polynomials that have these values at these places; `None` where
/// two places are one.
pub(super) fn interpolate<F: Field>(
    field: &F,
    shares: &[(u16, Elements<F>)],
    place: u16,
) -> Option<Elements<F>> {
    let weights = weights(field, shares, place)?;
    let pieces = shares.first().map_or(0, |(_, share)| share.len());
    let mut values = Zeroizing::new(Vec::with_capacity(pieces));
    for piece in 0..pieces {
        let mut value = Zeroizing::new(field.place(0));
        for (weight, (_, share)) in weights.iter().zip(shares) {
            let term = Zeroizing::new(field.multiply(weight, share.get(piece)?));
            value = Zeroizing::new(field.add(&value, &term));
        }
        values.push(F::Element::clone(&value));
    }
    Some(values)
}

/// What each share counts in the sum (Lagrange). Nothing of it is secret.
fn weights<F: Field>(
    field: &F,
    shares: &[(u16, Elements<F>)],
    place: u16,
) -> Option<Vec<F::Element>> {
    let place = field.place(place);
    let weight = |own: u16| {
        let at = field.place(own);
        let others = shares.iter().filter(|(number, _)| *number != own);
        let (mut above, mut below) = (field.place(1), field.place(1));
        for (number, _) in others {
            let other = field.place(*number);
            above = field.multiply(&above, &field.subtract(&place, &other));
            below = field.multiply(&below, &field.subtract(&at, &other));
        }
        field.invert(&below).map(|below| field.multiply(&above, &below))
    };
    shares.iter().map(|(number, _)| weight(*number)).collect()
}
