//! The rules of the script engine, on a machine made of a list of events.

use std::collections::VecDeque;

use super::*;
use Console::{Keyboard, Serial};
use Step::{
    Expect, ExpectAll, ExpectErased, ExpectPowerOff, ExpectReset, ExpectScreen, Forbid, Part, Pull, Send, Type, Unplug, Wait, WriteDown,
};

#[derive(Default)]
struct Fake {
    events: VecDeque<Event>,
    screens: VecDeque<&'static str>,
    done: Vec<String>,
}

impl Machine for Fake {
    fn next(&mut self, _: Duration) -> Event {
        self.events.pop_front().unwrap_or(Event::Quiet)
    }
    fn type_line(&mut self, console: Console, text: &str) -> Result<()> {
        self.done.push(format!("{console:?} {text}"));
        Ok(())
    }
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.done.push(format!("send {bytes:?}"));
        Ok(())
    }
    fn screen(&mut self) -> Result<String> {
        Ok(self.screens.pop_front().unwrap_or_default().to_owned())
    }
    fn picture(&mut self, name: &str) -> Result<()> {
        self.done.push(format!("picture {name}"));
        Ok(())
    }

    fn plug(&mut self, disk: usize) -> Result<()> {
        self.done.push(format!("plug {disk}"));
        Ok(())
    }

    fn pull(&mut self, disk: usize) -> Result<()> {
        self.done.push(format!("pull {disk}"));
        Ok(())
    }

    fn cable(&mut self, _: usize, _: bool) -> Result<()> {
        Ok(())
    }

    fn stall(&mut self, disk: usize) -> Result<()> {
        self.done.push(format!("stall {disk}"));
        Ok(())
    }

    fn unplug(&mut self) -> Result<()> {
        self.done.push("unplug".to_owned());
        Ok(())
    }

    fn lose_power(&mut self) -> Result<Vec<u8>> {
        self.done.push("lose power".to_owned());
        Ok(b"last words".to_vec())
    }

    fn ctrl_alt_del(&mut self) -> Result<()> {
        self.done.push("ctrl-alt-del".to_owned());
        Ok(())
    }

    fn plug_back(&mut self) -> Result<()> {
        self.done.push("plug back".to_owned());
        Ok(())
    }

    fn ssh(&mut self, what: &Ssh) -> Result<()> {
        self.done.push(what.to_string());
        Ok(())
    }

    fn fingerprint(&mut self) -> Result<String> {
        Ok("SHA256:x".to_owned())
    }
}

fn says(text: &str) -> Event {
    Event::Output(text.as_bytes().to_vec())
}

fn off() -> Event {
    Event::Ended(End::PowerOff)
}

fn play_on(script: &[Step], events: &[Event]) -> (Result<Vec<String>, Stop>, Fake) {
    play_before(script, events, &[])
}

fn play_before(script: &[Step], events: &[Event], screens: &[&'static str]) -> (Result<Vec<String>, Stop>, Fake) {
    let mut fake = Fake { events: events.iter().cloned().collect(), screens: screens.iter().copied().collect(), done: Vec::new() };
    let result = play(script, &|text| text.replace("{host}", "uv"), &mut fake, &mut Transcript::default());
    (result, fake)
}

fn cause(script: &[Step], events: &[Event]) -> String {
    play_on(script, events).0.unwrap_err().cause
}

#[test]
fn a_conversation_passes() {
    let script = [Expect("type yes", 9), Type(Serial, "yes"), Expect("installed", 9), ExpectPowerOff(9)];
    let (result, fake) = play_on(&script, &[says("type "), says("yes to"), says("installed\n"), off()]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["Serial yes"]);
}

#[test]
fn nothing_is_typed_before_the_prompt() {
    let (result, fake) = play_on(&[Expect("type yes", 9), Type(Keyboard, "yes")], &[says("booting")]);
    let stop = result.unwrap_err();
    assert_eq!(stop.phase, "expecting `type yes` within 9 s");
    assert_eq!(stop.cause, "nothing of the kind in 9 s");
    assert!(fake.done.is_empty());
}

#[test]
fn the_order_of_the_script_is_the_order_of_the_run() {
    let script = [Expect("b", 9), Expect("a", 9)];
    assert_eq!(cause(&script, &[says("a b")]), "nothing of the kind in 9 s");
}

#[test]
fn forbidden_text_stops_wherever_it_stands() {
    let script = [Expect("a", 9), Expect("b", 9), Forbid("installed")];
    assert_eq!(cause(&script, &[says("installed a b")]), "`installed` appeared, which must not");
    assert_eq!(cause(&script, &[says("a b"), says("installed")]), "`installed` appeared, which must not");
}

#[test]
fn a_kernel_panic_always_fails() {
    assert_eq!(cause(&[ExpectPowerOff(9)], &[says("Kernel panic - not"), off()]), "`Kernel panic` appeared, which must not");
}

#[test]
fn a_machine_that_is_off_is_not_waited_for() {
    assert_eq!(cause(&[Expect("x", 9)], &[off()]), "the machine powered off instead");
    assert_eq!(cause(&[ExpectPowerOff(9)], &[Event::Ended(End::Reset)]), "the machine reset instead");
    let died = Event::Ended(End::Died("no such file".to_owned()));
    assert_eq!(cause(&[ExpectPowerOff(9)], &[died]), "the emulator ended: no such file");
}

#[test]
fn bytes_outside_ascii_fail_unless_the_script_has_sent_them() {
    let said = [Event::Output(b"autoinstaller: \xe9".to_vec()), off()];
    assert_eq!(cause(&[ExpectPowerOff(9)], &said), "the byte e9 came over the serial line, which is not ASCII");
    assert_eq!(play_on(&[Send(&[0xe9]), ExpectPowerOff(9)], &said).0, Ok(Vec::new()));
}

#[test]
fn last_words_before_power_off_are_heard() {
    let (result, _) = play_on(&[Expect("installed", 9), ExpectPowerOff(9)], &[says("installed"), off()]);
    assert_eq!(result, Ok(Vec::new()));
}

#[test]
fn a_reset_counts_only_where_it_is_expected() {
    let script = [ExpectReset(9), Unplug, Expect("BOOTED", 9)];
    let (result, fake) = play_on(&script, &[says("x"), Event::Reset, says("BOOTED")]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["unplug"]);
    assert_eq!(cause(&[Expect("x", 9)], &[Event::Reset, says("x")]), "the machine reset instead");
}

#[test]
fn parts_are_played_in_their_places_with_the_names_of_the_run() {
    let script = [Expect("a", 9), Part(&[Forbid("failed"), Expect("up {host}", 9)]), Expect("b", 9)];
    assert_eq!(play_on(&script, &[says("a up uv b")]).0, Ok(Vec::new()));
    assert_eq!(cause(&script, &[says("a up uv b failed")]), "`failed` appeared, which must not");
    assert_eq!(play_on(&script, &[says("a up b")]).0.unwrap_err().phase, "expecting `up uv` within 9 s");
}

#[test]
fn several_texts_may_come_in_any_order() {
    let script = [ExpectAll(&["UV0001", "UV0002"], 9), Expect("failed", 9)];
    assert_eq!(play_on(&script, &[says("UV0002 "), says("UV0001 failed")]).0, Ok(Vec::new()));
    assert_eq!(cause(&script, &[says("UV0002 failed")]), "nothing of the kind in 9 s");
}

#[test]
fn a_screen_is_looked_at_until_all_texts_stand_on_it() {
    let script = [ExpectScreen(&["type yes", "{host}"], 9), Type(Keyboard, "yes"), ExpectPowerOff(9)];
    let (result, fake) = play_before(&script, &[says("x"), says("x"), off()], &["uv", "type yes", "uv type yes"]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["Keyboard yes"]);
    let (result, _) = play_before(&[ExpectScreen(&["type yes"], 0)], &[], &["uv"]);
    assert_eq!(result.unwrap_err().cause, "after 0 s there is this instead:\nuv");
}

#[test]
fn what_is_forbidden_is_forbidden_on_the_screen_as_well() {
    let (result, _) = play_before(&[Forbid("failed"), ExpectScreen(&["yes"], 9)], &[], &["failed yes"]);
    assert_eq!(result.unwrap_err().cause, "`failed` appeared on the screen, which must not:\nfailed yes");
}

#[test]
fn a_secret_is_written_down_when_it_is_whole_and_must_go_from_the_screen() {
    let script = [WriteDown("key: ", 9), ExpectErased(9)];
    let (result, fake) = play_before(&script, &[says("x"), says("x"), says("x")], &["key: ab", "key: ab c\nEnter?", "key: ab c\n", ""]);
    assert_eq!(result.unwrap(), ["ab c"]);
    assert!(fake.screens.is_empty());
    let (result, _) = play_before(&[WriteDown("key: ", 9), ExpectErased(0)], &[], &["key: ab\nx", "key: ab"]);
    assert_eq!(result.unwrap_err().cause, "after 0 s there is this instead:\nkey: ab");
}

#[test]
fn what_is_said_over_ssh_is_not_what_is_said_on_the_serial_line() {
    let script = [Step::Ssh(Ssh::LogIn), Step::Ssh(Ssh::Expect("type yes {host}", 9)), Type(Console::Session, "yes"), Expect("step", 9)];
    let session = |text: &str| Event::Session(text.as_bytes().to_vec());
    let (result, fake) = play_on(&script, &[session("type yes "), session("uv"), says("step")]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["logging in over ssh", "Session yes"]);
    assert_eq!(cause(&script, &[says("type yes uv"), session("step")]), "nothing of the kind in 9 s");
    assert_eq!(cause(&script, &[session("type "), session("")]), "the ssh session ended");
    let script = [Step::Ssh(Ssh::LogIn), Step::Ssh(Ssh::LoggedOut(9)), Expect("x", 9)];
    // The machine may be off by the time its session ends.
    assert_eq!(play_on(&script, &[session("x"), says("x"), session("")]).0, Ok(Vec::new()));
    assert_eq!(cause(&script, &[session("x"), says("x")]), "nothing of the kind in 9 s");
}

#[test]
fn the_number_that_a_session_shows_is_typed_there() {
    let script = [Step::Ssh(Ssh::LogIn), Step::Ssh(Ssh::Unlock), Expect("step", 9)];
    let shown = Event::Session(b"yes? \nautoinstaller: type 4711 to answer from here (input is hidden): ".to_vec());
    let (result, fake) = play_on(&script, &[shown, says("step")]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["logging in over ssh", "Session 4711"]);
    assert_eq!(cause(&script, &[Event::Session(b"type yes: ".to_vec()), says("step")]), "nothing of the kind in 60 s");
}

#[test]
fn host_keys_are_compared() {
    let script = [Expect("key", 9), Step::Ssh(Ssh::SameKey)];
    assert_eq!(play_on(&script, &[says("key SHA256:x\n")]).0, Ok(Vec::new()));
    assert_eq!(cause(&script, &[says("key SHA256:y\n")]), "the client was shown SHA256:x, which the machine has not said");
}

#[test]
fn a_machine_is_listened_to_while_nothing_is_done() {
    let (result, fake) = play_on(&[Wait(0), Send(&[0, 255]), Pull(1)], &[]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["send [0, 255]", "pull 1"]);
    assert_eq!(cause(&[Wait(9)], &[off()]), "the machine powered off instead");
    assert_eq!(cause(&[Forbid("failed"), Wait(9)], &[says("failed"), says("x")]), "`failed` appeared, which must not");
}

#[test]
fn what_was_said_before_the_power_failed_is_behind_us() {
    let script = [Expect("step 1/", 9), Step::LosePower(1, 0), Expect("step 1/", 9), ExpectPowerOff(9)];
    let (result, fake) = play_on(&script, &[says("autoinstaller: step 1/9 step 1/"), says("firmware, step 1/9"), off()]);
    assert_eq!(result, Ok(Vec::new()));
    assert_eq!(fake.done, ["lose power"]);
    assert_eq!(cause(&script, &[says("step 1/ step 1/"), off()]), "the machine powered off instead");
    // There is no power to cut, whatever the moment.
    assert_eq!(cause(&[Expect("step 1/", 9), Step::LosePower(1, 90)], &[says("step 1/"), off()]), "the machine powered off instead");
}
