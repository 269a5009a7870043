//! Amounts as Kubernetes writes them, compared by what they say: `1000m` is `1`, `1Gi` is `1024Mi`.

/// Whether two texts are the same amount.
pub(crate) fn same(a: &str, b: &str) -> bool {
    matches!((thousandths(a), thousandths(b)), (Some(a), Some(b)) if a == b)
}

/// The amount in thousandths.
pub(crate) fn thousandths(text: &str) -> Option<i128> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: i128 = match &text[digits.len()..] {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if digits.len() > 18 || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let number: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let product = number.checked_mul(factor)?;
    (product % scale == 0).then_some(product / scale)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn amounts_are_compared_by_what_they_say() {
        for (a, b) in [("1", "1000m"), ("1Gi", "1024Mi"), ("0.5", "500m"), ("1.5Gi", "1536Mi"), ("1k", "1000")] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [("1", "2"), ("1G", "1Gi"), ("x", "x"), ("", ""), ("1e3", "1000"), (".", "0")] {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}
