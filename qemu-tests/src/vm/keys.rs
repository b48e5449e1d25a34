//! The keys that make a character on the US keyboard layout, by the names QMP has for them (QKeyCode).

/// Keys to press together for a character; none when no key makes it.
pub fn chord(c: char) -> Option<Vec<String>> {
    let plain = |name: &str| Some(vec![name.to_owned()]);
    let shifted = |name: &str| Some(vec!["shift".to_owned(), name.to_owned()]);
    match c {
        'a'..='z' | '0'..='9' => plain(&c.to_string()),
        'A'..='Z' => shifted(&c.to_ascii_lowercase().to_string()),
        '\n' => plain("ret"),
        ' ' => plain("spc"),
        '-' => plain("minus"),
        '=' => plain("equal"),
        '.' => plain("dot"),
        ',' => plain("comma"),
        '/' => plain("slash"),
        ';' => plain("semicolon"),
        '_' => shifted("minus"),
        ':' => shifted("semicolon"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::chord;

    #[test]
    fn characters_become_keys() {
        assert_eq!(chord('y').unwrap(), ["y"]);
        assert_eq!(chord('Y').unwrap(), ["shift", "y"]);
        assert_eq!(chord('\n').unwrap(), ["ret"]);
        assert_eq!(chord('_').unwrap(), ["shift", "minus"]);
        assert_eq!(chord('é'), None);
    }
}
