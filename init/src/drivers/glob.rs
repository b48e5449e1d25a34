//! Shell patterns as module aliases use them: `*`, `?`, sets and ranges; no escapes, no slashes. Pure.

/// Whether the whole of `text` matches `pattern`. Linear in practice: after a `*` only the last one is ever reconsidered.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), one(pattern.get(p..).unwrap_or_default(), text.get(t).copied().unwrap_or_default())) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (_, Some(used)) => (p, t) = (p + used, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// How many pattern bytes match this one byte of text.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', set @ ..] => {
            let end = set.iter().position(|b| *b == b']')?;
            within(set.get(..end)?, byte).then_some(end + 2)
        }
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

fn within(set: &[u8], byte: u8) -> bool {
    match set {
        [low, b'-', high, rest @ ..] => (*low..=*high).contains(&byte) || within(rest, byte),
        [single, rest @ ..] => *single == byte || within(rest, byte),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*c", "abbbc", true),
            ("a*b*c", "axxbyybzzc", true),
            ("*", "", true),
            ("a?c", "abc", true),
            ("d[0-2]*", "d1x", true),
            ("d[0-2]*", "d3x", false),
            ("[ab]x", "bx", true),
            ("[ab", "a", false),
            ("a*", "b", false),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
