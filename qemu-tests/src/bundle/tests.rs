//! Real repositories, made by the git of this machine.

use super::*;
use crate::command::EPOCH;
use crate::vm::disk::{Scratch, scratch};

fn run(repository: &Path, words: &[&str]) {
    let mut command = git(repository);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Tests").env(format!("GIT_{who}_EMAIL"), "tests@localhost");
        command.env(format!("GIT_{who}_DATE"), format!("{EPOCH} +0000"));
    }
    command::run("making a repository", command.args(words)).unwrap();
}

fn repository(name: &str) -> Scratch {
    let dir = scratch(name);
    run(&dir, &["init", "--quiet", "--initial-branch=trunk", "."]);
    dir
}

fn commit(repository: &Path, text: &str) {
    fs::write(repository.join("file"), text).unwrap();
    run(repository, &["add", "file"]);
    run(repository, &["commit", "--quiet", "--message", text]);
}

fn refusal(repository: &Path) -> String {
    format!("{:#}", make(repository, &scratch("bundle-refused").join("x")).unwrap_err())
}

#[test]
fn the_same_commit_is_the_same_bundle_however_it_is_kept() {
    let (one, out) = (repository("bundle-one"), scratch("bundle-out"));
    let long = |end: &str| (0..2000).map(|line| format!("line {line}\n")).collect::<String>() + end;
    ["a", "b", "c"].iter().for_each(|end| commit(&one, &long(end)));
    let other = scratch("bundle-other");
    run(&out, &["clone", "--quiet", &one.to_string_lossy(), &other.join("clone").to_string_lossy()]);
    run(&other.join("clone"), &["repack", "--quiet", "-a", "-d", "-f", "--depth=1"]);
    let made = [make(&one, &out.join("1")).unwrap(), make(&other.join("clone"), &out.join("2")).unwrap()];
    assert_eq!(made[0].commit, made[1].commit);
    assert_eq!(fs::read(out.join("1")).unwrap(), fs::read(out.join("2")).unwrap());
    assert!(made[0].content > long("c").len() as u64);
    let clone = out.join("clone");
    run(&out, &["clone", "--quiet", "1", &clone.to_string_lossy()]);
    assert_eq!(fs::read_to_string(clone.join(".git/HEAD")).unwrap(), "ref: refs/heads/trunk\n");
    assert_eq!(fs::read_to_string(clone.join("file")).unwrap(), long("c"));
    assert_eq!(git_says(&clone, &["rev-list", "--count", "HEAD"]).unwrap(), "3");
}

#[test]
fn what_cannot_be_cloned_is_refused() {
    assert_eq!(refusal(Path::new("/nowhere")), "bundling the repository /nowhere: there is no such directory");
    let nothing = std::env::temp_dir();
    assert!(refusal(&nothing).contains("not a git repository"), "{}", refusal(&nothing));
    let repository = repository("bundle-bad");
    let name = repository.display();
    assert_eq!(refusal(&repository), format!("bundling the repository {name}: its branch has no commit yet"));
    commit(&repository, "a");
    commit(&repository, "b");
    fs::create_dir(repository.join("below")).unwrap();
    let below = repository.join("below");
    assert_eq!(
        refusal(&below),
        format!("bundling the repository {}: it is the directory below/ of a work tree: name the work tree", below.display())
    );
    let shallow = scratch("bundle-shallow").join("clone");
    run(&repository, &["clone", "--quiet", "--depth=1", &format!("file://{name}"), &shallow.to_string_lossy()]);
    assert!(refusal(&shallow).ends_with("it is a shallow clone: fetch all of it (--unshallow)"));
    run(&repository, &["checkout", "--quiet", "--detach"]);
    assert_eq!(refusal(&repository), format!("bundling the repository {name}: no branch is checked out, and a clone needs one"));
}
