//! The encodings of ECDSA signatures: two are accepted, in exactly one spelling each.

use super::workshop::{
    IN_TOTO, PAYLOAD, STATEMENT, bundle_text, legacy_with, openssl_sign, pae, sign, stored_bundle,
};
use super::{Recipe, recipe};
use crate::case::Case;

/// Order of P-256's group (FIPS 186-4, D.1.2.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub(super) fn recipes() -> Vec<Recipe> {
    accepted().into_iter().chain(numbers()).chain(der_spellings()).chain(raw()).collect()
}

fn accepted() -> Vec<Recipe> {
    vec![
        recipe("raw_r_s_legacy", || {
            let (r, s) = signed_numbers();
            legacy_with("P-256 as 64 bytes r and s.", PAYLOAD, &[r, s].concat()).verified()
        }),
        recipe("raw_r_s_bundle", || {
            let (r, s) = numbers_of(&sign("p256", &pae(IN_TOTO, STATEMENT.as_bytes())));
            let text = bundle_text(STATEMENT.as_bytes(), &[r, s].concat());
            stored_bundle("P-256 as 64 bytes r and s.", text).verified()
        }),
        recipe("high_s", || {
            let (r, s) = signed_numbers();
            let s = if s > half() { s } else { subtract(&ORDER, &s) };
            let about = "s is above half of the order: as good as the other (cosign does not normalise).";
            legacy_with(about, PAYLOAD, &der(&r, &s)).verified()
        }),
        recipe("low_s", || {
            let (r, s) = signed_numbers();
            let s = if s > half() { subtract(&ORDER, &s) } else { s };
            legacy_with("s is below half of the order.", PAYLOAD, &der(&r, &s)).verified()
        }),
    ]
}

/// A legacy signature whose numbers are not in range.
fn spoiled(about: &'static str, r: &[u8], s: &[u8]) -> Case {
    legacy_with(about, PAYLOAD, &der(r, s)).unmatched()
}

fn numbers() -> Vec<Recipe> {
    vec![
        recipe("r_zero_fail", || spoiled("r is zero.", &[0; 32], &signed_numbers().1)),
        recipe("s_zero_fail", || spoiled("s is zero.", &signed_numbers().0, &[0; 32])),
        recipe("r_and_s_zero_fail", || spoiled("r and s are zero.", &[0; 32], &[0; 32])),
        recipe("r_and_s_zero_bundle_fail", || {
            let text = bundle_text(STATEMENT.as_bytes(), &der(&[0; 32], &[0; 32]));
            stored_bundle("r and s are zero.", text).unmatched()
        }),
        recipe("raw_r_and_s_zero_fail", || {
            legacy_with("64 zero bytes as r and s.", PAYLOAD, &[0; 64]).unmatched()
        }),
        recipe("raw_s_zero_fail", || {
            let signature = [signed_numbers().0, vec![0; 32]].concat();
            legacy_with("r, and 32 zero bytes as s.", PAYLOAD, &signature).unmatched()
        }),
        recipe("s_is_the_order_fail", || spoiled("s is the order.", &signed_numbers().0, &ORDER)),
        recipe("r_is_the_order_fail", || spoiled("r is the order.", &ORDER, &signed_numbers().1)),
        recipe("s_with_the_order_added_fail", || {
            let (r, s) = signed_numbers();
            spoiled("The order is added to s: a second spelling of one signature.", &r, &add(&ORDER, &s))
        }),
    ]
}

fn der_spellings() -> Vec<Recipe> {
    vec![
        recipe("der_with_trailing_bytes_fail", || {
            let signature = [sign("p256", PAYLOAD.as_bytes()), vec![0]].concat();
            legacy_with("A byte follows the DER.", PAYLOAD, &signature).unmatched()
        }),
        recipe("der_with_trailing_bytes_bundle_fail", || {
            let signature = [sign("p256", &pae(IN_TOTO, STATEMENT.as_bytes())), vec![0xde, 0xad]].concat();
            let text = bundle_text(STATEMENT.as_bytes(), &signature);
            stored_bundle("Bytes follow the DER.", text).unmatched()
        }),
        recipe("der_with_a_third_number_fail", || {
            let (r, s) = signed_numbers();
            let numbers = [integer(&r), integer(&s), integer(&[1])].concat();
            legacy_with("A third number in the sequence.", PAYLOAD, &sequence(&numbers)).unmatched()
        }),
        recipe("der_with_a_long_length_fail", || {
            let (r, s) = signed_numbers();
            let numbers = [integer(&r), integer(&s)].concat();
            let signature = [vec![0x30, 0x81, numbers.len() as u8], numbers].concat();
            legacy_with("The sequence's length in the long form, which is BER.", PAYLOAD, &signature)
                .unmatched()
        }),
        recipe("der_with_an_indefinite_length_fail", || {
            let (r, s) = signed_numbers();
            let signature = [vec![0x30, 0x80], integer(&r), integer(&s), vec![0, 0]].concat();
            legacy_with("The sequence's length left open, which is BER.", PAYLOAD, &signature).unmatched()
        }),
        recipe("der_with_a_padded_number_fail", || {
            let (r, s) = signed_numbers();
            let padded = [vec![2, 34, 0, 0], r].concat();
            let signature = sequence(&[padded, integer(&s)].concat());
            legacy_with("r with zero bytes that it does not need.", PAYLOAD, &signature).unmatched()
        }),
        recipe("der_with_a_negative_number_fail", || {
            let (r, s) = loop {
                let (r, s) = signed_numbers();
                if r[0] >= 0x80 {
                    break (r, s);
                }
            };
            let negative = [vec![2, 32], r].concat();
            let signature = sequence(&[negative, integer(&s)].concat());
            legacy_with("r without the zero byte that makes it positive.", PAYLOAD, &signature).unmatched()
        }),
    ]
}

fn raw() -> Vec<Recipe> {
    vec![
        recipe("raw_of_65_bytes_fail", || {
            let (r, s) = signed_numbers();
            legacy_with("r and s, and a byte.", PAYLOAD, &[r, s, vec![0]].concat()).unmatched()
        }),
        recipe("raw_of_63_bytes_fail", || {
            let (r, s) = signed_numbers();
            legacy_with("r and s, cut.", PAYLOAD, &[r, s].concat()[..63]).unmatched()
        }),
        recipe("raw_for_p384_fail", || {
            let signature = openssl_sign("p384", "-sha384", &[], PAYLOAD.as_bytes());
            let raw = raw_numbers(&signature, 48);
            let about = "P-384 as 96 bytes r and s: only P-256 is read that way.";
            legacy_with(about, PAYLOAD, &raw).keys(&["p384"]).unmatched()
        }),
        recipe("empty_signature_fail", || {
            legacy_with("The signature is an empty text.", PAYLOAD, &[]).unmatched()
        }),
    ]
}

/// r and s of a signature over [`PAYLOAD`], 32 bytes each.
fn signed_numbers() -> (Vec<u8>, Vec<u8>) {
    numbers_of(&sign("p256", PAYLOAD.as_bytes()))
}

fn numbers_of(signature: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let raw = raw_numbers(signature, 32);
    (raw[..32].to_vec(), raw[32..].to_vec())
}

/// r and s, `width` bytes each; the DER's lengths are all below 128.
fn raw_numbers(signature: &[u8], width: usize) -> Vec<u8> {
    let (r, rest) = signature[4..].split_at(usize::from(signature[3]));
    let padded = |number: &[u8]| {
        let digits = number.iter().copied().skip_while(|digit| *digit == 0).collect::<Vec<_>>();
        [vec![0; width - digits.len()], digits].concat()
    };
    [padded(r), padded(&rest[2..])].concat()
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    sequence(&[integer(r), integer(s)].concat())
}

fn sequence(content: &[u8]) -> Vec<u8> {
    [&[0x30, content.len() as u8], content].concat()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = number.iter().copied().skip_while(|digit| *digit == 0).collect();
    if digits.first().is_none_or(|digit| *digit >= 0x80) {
        digits.insert(0, 0);
    }
    [vec![2, digits.len() as u8], digits].concat()
}

fn half() -> Vec<u8> {
    let mut carry = 0;
    let halved = ORDER.iter().map(|digit| {
        let half = carry << 7 | digit >> 1;
        carry = digit & 1;
        half
    });
    halved.collect()
}

fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0i16;
    let mut digits: Vec<u8> = (0..a.len())
        .rev()
        .map(|at| {
            let digit = i16::from(a[at]) - i16::from(b[at]) - borrow;
            borrow = i16::from(digit < 0);
            digit.rem_euclid(256) as u8
        })
        .collect();
    digits.reverse();
    digits
}

fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0u16;
    let mut digits: Vec<u8> = (0..a.len())
        .rev()
        .map(|at| {
            carry += u16::from(a[at]) + u16::from(b[at]);
            let digit = carry as u8;
            carry >>= 8;
            digit
        })
        .collect();
    digits.push(carry as u8);
    digits.reverse();
    digits
}
