//! Reads Rust as tokens, so that the rules of the repository see code: no comments, no strings, no unit tests beside it.

use anyhow::{Context, Result};
use proc_macro2::{Spacing, TokenStream, TokenTree};

/// The tokens of a source file without its `mod tests { … }`.
pub fn code(text: &str) -> Result<Vec<TokenTree>> {
    // An error of the lexer says no more than that it is one.
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>().ok().context("it cannot be read as Rust")?.into_iter().collect();
    let tests =
        |at: usize| at >= 2 && is(&tokens[at - 2], "mod") && is(&tokens[at - 1], "tests") && matches!(tokens[at], TokenTree::Group(_));
    Ok((0..tokens.len()).filter(|at| !tests(*at)).map(|at| tokens[at].clone()).collect())
}

/// Whether a word stands anywhere in the code.
pub fn has_word(tokens: &[TokenTree], word: &str) -> bool {
    tokens.iter().any(|token| match token {
        TokenTree::Group(group) => has_word(&group.stream().into_iter().collect::<Vec<_>>(), word),
        token => is(token, word),
    })
}

/// Every path of the code, in `use` and elsewhere, with the trees of `use` flattened: `a::{b, c::d}` is `a::b` and `a::c::d`.
/// A glob ends with `*`.
pub fn paths(tokens: impl IntoIterator<Item = TokenTree>) -> Vec<String> {
    let mut found = Vec::new();
    walk(tokens, "", &mut found);
    found
}

fn walk(tokens: impl IntoIterator<Item = TokenTree>, prefix: &str, found: &mut Vec<String>) {
    let mut path = prefix.to_owned();
    for token in tokens {
        let open = path.is_empty() || path.ends_with("::");
        match token {
            TokenTree::Ident(name) if open => path += &name.to_string(),
            // A single colon ends a name, as any other mark does.
            TokenTree::Punct(mark) if mark.as_char() == ':' && (mark.spacing() == Spacing::Joint || path.ends_with(':')) => path.push(':'),
            TokenTree::Punct(mark) if mark.as_char() == '*' && open => path.push('*'),
            TokenTree::Group(tree) if open && !path.is_empty() => {
                walk(tree.stream(), &path, found);
                prefix.clone_into(&mut path);
            }
            other => {
                found.push(std::mem::replace(&mut path, prefix.to_owned()));
                match other {
                    TokenTree::Ident(name) => path += &name.to_string(),
                    TokenTree::Group(group) => walk(group.stream(), "", found),
                    _ => {}
                }
            }
        }
    }
    found.push(path);
    found.retain(|path| !path.is_empty() && !path.ends_with("::"));
}

fn is(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(name) if name == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_flattened_and_comments_are_not_code() {
        let tokens = code("use a::{b, c::{self, d}, e::*}; // f::g\nfn h(i: j::K) { \"l::m\"; n::o(); }").unwrap();
        let paths = paths(tokens);
        for path in ["a::b", "a::c::self", "a::c::d", "a::e::*", "j::K", "n::o"] {
            assert!(paths.iter().any(|found| found.ends_with(path)), "{path}: {paths:?}");
        }
        assert!(!paths.iter().any(|found| found.contains("f::") || found.contains("l::")), "{paths:?}");
    }

    #[test]
    fn unit_tests_are_left_out_and_what_follows_is_not() {
        let tokens = code("fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\nmod tests;\nfn c() {}").unwrap();
        assert!(has_word(&tokens, "a") && has_word(&tokens, "c") && !has_word(&tokens, "b"));
    }
}
