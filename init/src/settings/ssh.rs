//! Who may log in while a machine is installed: public keys, each a line of an `authorized_keys` file, sshd(8).
//!
//! A line becomes one of a file that the ssh server reads, so nothing in it may be an option or a second line. At boot, where a word
//! has no blanks, the key alone will do: it says its own type first.

/// Types of keys, and how each key of that type begins: in base64, the length of its type's name and that name.
const TYPES: [(&str, &str); 7] = [
    ("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5"),
    ("sk-ssh-ed25519@openssh.com", "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t"),
    ("ecdsa-sha2-nistp256", "AAAAE2VjZHNhLXNoYTItbmlzdHAyNT"),
    ("ecdsa-sha2-nistp384", "AAAAE2VjZHNhLXNoYTItbmlzdHAzOD"),
    ("ecdsa-sha2-nistp521", "AAAAE2VjZHNhLXNoYTItbmlzdHA1Mj"),
    ("sk-ecdsa-sha2-nistp256@openssh.com", "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb2"),
    ("ssh-rsa", "AAAAB3NzaC1yc2"),
];

/// A key of ed25519 has as many characters, and others have more.
const SHORTEST: usize = 68;

/// A public key as `TYPE KEY`: the comment is dropped. The text is not repeated when it is wrong: it may be a private key.
pub fn authorized_key(text: &str) -> Result<String, String> {
    let wrong = || "this is no public key: a line of an authorized_keys file without options, TYPE KEY".to_string();
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let named = TYPES.iter().find(|(name, _)| *name == first);
    let key = if named.is_some() { words.next().unwrap_or_default() } else { first };
    let (name, start) = named.or_else(|| TYPES.iter().find(|(_, start)| key.starts_with(start))).ok_or_else(wrong)?;
    let body = key.trim_end_matches('=');
    let whole = key.len() >= SHORTEST && key.len() % 4 == 0 && key.len() - body.len() < 3;
    let base64 = body.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    if whole && base64 && key.starts_with(start) && !text.contains(char::is_control) { Ok(format!("{name} {key}")) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIHKzjdtUvM6gi0z0ShNGxRUINHRYWV3mAO6S3WAiFgFZ";

    #[test]
    fn a_line_with_and_without_comment_and_a_key_alone() {
        let whole = format!("ssh-ed25519 {KEY}");
        for text in [whole.clone(), format!("{whole} me@example.com, at home"), format!("ssh-ed25519  {KEY}"), KEY.into()] {
            assert_eq!(authorized_key(&text), Ok(whole.clone()));
        }
        let longer = format!("AAAAB3NzaC1yc2EAAAADAQABAAABAQ{}==", "C".repeat(40));
        assert_eq!(authorized_key(&format!("ssh-rsa {longer} x")), Ok(format!("ssh-rsa {longer}")));
    }

    #[test]
    fn anything_else_is_refused_without_being_repeated() {
        for text in [
            "ssh-ed25519".into(),
            "ssh-ed25519 AAAA".into(),
            "-----BEGIN OPENSSH PRIVATE KEY-----".into(),
            // Options, in whose place a command could stand.
            format!("command=\"sh\" ssh-ed25519 {KEY}"),
            format!("no-pty ssh-ed25519 {KEY}"),
            // Another type than the key's own.
            format!("ssh-rsa {KEY}"),
            // Cut off, and damaged.
            format!("ssh-ed25519 {}", &KEY[..66]),
            format!("ssh-ed25519 {}!", &KEY[..67]),
            format!("ssh-ed25519 {}====", &KEY[..64]),
            // A second line.
            format!("ssh-ed25519 {KEY}\nssh-ed25519 {KEY}"),
            format!("ssh-ed25519 {KEY} a\tb"),
        ] {
            let cause = authorized_key(&text).unwrap_err();
            assert_eq!(cause, "this is no public key: a line of an authorized_keys file without options, TYPE KEY", "{text}");
        }
    }
}
