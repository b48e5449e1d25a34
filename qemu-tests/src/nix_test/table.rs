//! The table of options in the README, which is made of the module's own words.

use serde_json::Value;

/// Where the table stands.
const BEGIN: &str = "<!-- made by `cargo xtask nix-test --write` of nix/options.nix -->\n";
const END: &str = "<!-- end of the options -->\n";

/// The text with the table that belongs there, or `None` where it has no place for one.
pub fn put(text: &str, options: &Value) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}{END}{after}", table(options)))
}

/// Settings first: what only a build with Nix understands comes after them.
fn table(options: &Value) -> String {
    let rows = |settings: bool| {
        let all = options.as_array().into_iter().flatten();
        // The files of the initrd are no build's business alone.
        all.filter(move |option| is_for_init(option) == settings).map(row).collect::<String>()
    };
    let head = |first: &str| format!("| {first} | default | meaning |\n|---|---|---|\n");
    format!("{}{}\n{}{}", head("key"), rows(true), head("of a build with Nix"), rows(false))
}

fn is_for_init(option: &Value) -> bool {
    option["isSetting"] == true || option["isFile"] == true
}

fn row(option: &Value) -> String {
    let words = |key: &str| option[key].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let default = words("default");
    let default = match default.trim_matches('"') {
        "" | "null" | "[ ]" | "{ }" => String::new(),
        // A default in words is a sentence.
        text if text.contains(' ') || text.starts_with('`') => text.to_owned(),
        text => format!("`{text}`"),
    };
    format!("| `{}` | {default} | {} |\n", words("name"), words("description").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_takes_the_place_of_the_one_before() {
        let options = json!([
            {"name": "kernel", "default": "null", "description": "The\nkernel."},
            {"name": "swap.size", "default": "\"8G\"", "description": "A | B.", "isSetting": true},
            {"name": "bannerText", "default": "\"\"", "description": "Shown.", "isFile": true},
            {"name": "isoName", "default": "the host's name", "description": "Its name."},
        ]);
        let text = put(&format!("a\n{BEGIN}old\n{END}z\n"), &options).unwrap();
        let wanted = "| key | default | meaning |\n|---|---|---|\n| `swap.size` | `8G` | A \\| B. |\n| `bannerText` |  | Shown. |\n\n\
                      | of a build with Nix | default | meaning |\n|---|---|---|\n| `kernel` |  | The kernel. |\n\
                      | `isoName` | the host's name | Its name. |\n";
        assert_eq!(text, format!("a\n{BEGIN}{wanted}{END}z\n"));
        assert_eq!(put("no place", &options), None);
    }
}
