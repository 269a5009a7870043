//! A data key cut into parts of which some are enough: Shamir's scheme over GF(256), byte by byte, as HashiCorp's Vault
//! and SOPS write it. A part is one byte for each byte of the secret, and then its x.

use super::cipher::random;
use super::error::Problem;
use crate::Secret;

/// Parts for so many groups, of which `threshold` give the secret back.
pub(super) fn split(secret: &[u8], parts: u8, threshold: u8) -> Result<Vec<Secret<Vec<u8>>>, Problem> {
    let mut cut: Vec<Vec<u8>> = (1..=parts).map(|_| Vec::with_capacity(secret.len() + 1)).collect();
    for byte in secret {
        let random = Secret::new(random::<256>()?.to_vec());
        let coefficients = random.expose().get(1..usize::from(threshold)).unwrap_or_default();
        for (x, part) in (1..=parts).zip(&mut cut) {
            // Horner's rule, the highest first.
            let above = coefficients.iter().rev().fold(0, |sum, coefficient| times(sum, x) ^ coefficient);
            part.push(times(above, x) ^ byte);
        }
    }
    for (x, part) in (1..=parts).zip(&mut cut) {
        part.push(x);
    }
    Ok(cut.into_iter().map(Secret::new).collect())
}

/// The secret that these parts give; `None` when they are no parts of one.
pub(super) fn combine(parts: &[Secret<Vec<u8>>]) -> Option<Secret<Vec<u8>>> {
    let length = parts.first()?.expose().len();
    let xs: Vec<u8> = parts.iter().filter_map(|part| part.expose().last().copied()).collect();
    let all_alike = parts.len() >= 2 && length >= 2 && parts.iter().all(|part| part.expose().len() == length);
    let twice = xs.iter().enumerate().any(|(place, x)| *x == 0 || xs.iter().skip(place + 1).any(|other| other == x));
    if !all_alike || twice {
        return None;
    }
    // Lagrange's weights at 0.
    let weight =
        |x: u8| xs.iter().filter(|other| **other != x).fold(1, |w, other| times(w, times(*other, inverse(x ^ other))));
    let weights: Vec<u8> = xs.iter().map(|x| weight(*x)).collect();
    let byte = |at: usize| {
        let terms = parts
            .iter()
            .zip(&weights)
            .map(|(part, weight)| times(part.expose().get(at).copied().unwrap_or(0), *weight));
        terms.fold(0, |sum, term| sum ^ term)
    };
    Some(Secret::new((0..length - 1).map(byte).collect()))
}

/// In constant time, modulo x^8 + x^4 + x^3 + x + 1.
fn times(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0_u8, |sum, bit| {
        let doubled = (sum << 1) ^ (0x1b & (sum >> 7).wrapping_neg());
        doubled ^ (a & (b >> bit & 1).wrapping_neg())
    })
}

/// To the power of 254.
fn inverse(a: u8) -> u8 {
    let squares = (0..7).scan(a, |power, _| {
        *power = times(*power, *power);
        Some(*power)
    });
    squares.fold(1, times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_of_three_parts_give_the_secret_and_one_does_not() {
        let secret: Vec<u8> = (0..32).map(|byte| byte * 7).collect();
        let parts = split(&secret, 3, 2).unwrap();
        for (one, other) in [(0, 1), (1, 2), (2, 0)] {
            let both = [parts[one].clone(), parts[other].clone()];
            assert!(combine(&both).is_some_and(|whole| *whole.expose() == secret));
        }
        assert!(combine(&parts).is_some_and(|whole| *whole.expose() == secret));
        assert!(combine(&parts[..1]).is_none());
        assert!(combine(&[parts[0].clone(), parts[0].clone()]).is_none());
    }

    #[test]
    fn three_of_five_need_three() {
        let parts = split(b"a secret of some bytes", 5, 3).unwrap();
        assert!(combine(&parts[1..4]).is_some_and(|whole| whole.expose() == b"a secret of some bytes"));
        assert!(combine(&parts[1..3]).is_some_and(|whole| whole.expose() != b"a secret of some bytes"));
    }

    #[test]
    fn every_byte_has_its_inverse() {
        assert!((1..=255).all(|byte| times(byte, inverse(byte)) == 1));
    }
}
