//! Sizes as people read them.

/// Bytes in binary units with one decimal, such as `16.0 GiB`.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(unit).copied().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn one_decimal_and_no_overflow() {
        for (bytes, text) in
            [(0, "0.0 KiB"), (1 << 20, "1.0 MiB"), (16 << 30, "16.0 GiB"), (1_000_204_886_016, "931.5 GiB"), (u64::MAX, "16383.9 PiB")]
        {
            assert_eq!(human(bytes), text);
        }
    }
}
