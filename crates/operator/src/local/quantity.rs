//! Amounts of memory as Kubernetes writes them.

/// How many bytes a text as `200Mi` or `1.5G` is; none for a text of another form.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u64 = match unit {
        "" => 1,
        "k" | "K" => 1000,
        "Ki" => 1 << 10,
        "M" => 1_000_000,
        "Mi" => 1 << 20,
        "G" => 1_000_000_000,
        "Gi" => 1 << 30,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    // Nine places are more than anybody writes.
    let part: String = part.chars().take(9).collect();
    let tenths = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = if part.is_empty() { 0 } else { part.parse::<u64>().ok()? };
    let part = u64::try_from(u128::from(part) * u128::from(factor) / u128::from(tenths)).ok()?;
    whole.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn amounts_are_read_as_kubernetes_reads_them() {
        let all = [
            ("0", 0),
            ("16Mi", 16 << 20),
            ("1.5Gi", 3 << 29),
            ("200M", 200_000_000),
            ("10k", 10_000),
            ("0.5Ki", 512),
            ("1.25G", 1_250_000_000),
        ];
        for (text, wanted) in all {
            assert_eq!(bytes(text), Some(wanted), "{text}");
        }
        for bad in ["", "Mi", "1.x", "-1", "1e3", "1Ti", "99999999999999999999", "99999999999Gi", "1.2.3"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
