//! Command lines as they are typed, and what they come to.

use std::net::Ipv4Addr;

use clap::Parser;

use super::super::Command;
use super::*;

fn typed(words: &str) -> Cli {
    let words = std::iter::once("faultboard").chain(words.split_whitespace());
    Cli::try_parse_from(words).expect("a command line that clap takes")
}

fn read(words: &str) -> Options {
    let cli = typed(words);
    Options::read(cli.run, &cli.mappings).expect("a valid command line")
}

#[test]
fn what_is_not_given_is_as_the_help_says() {
    let options = read("80=a:1");
    assert_eq!(options.engine.bind, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    assert_eq!(options.engine.connect_timeout, Duration::from_secs(10));
    assert_eq!(options.engine.max_connections, None);
    assert_eq!((options.output, options.duration), (Output::Console, None));
    assert_eq!(options.mappings[0].0.to_string(), "80=a:1");
}

#[test]
fn seeds_differ_unless_one_is_given() {
    let seeds: Vec<u64> = (0..8).map(|_| read("80=a:1").engine.seed).collect();
    assert!(seeds.iter().any(|seed| *seed != seeds[0]), "{seeds:?}");
    assert_eq!(read("--seed 7").engine.seed, 7);
}

#[test]
fn a_mappings_own_faults_stand_beside_those_for_all() {
    let options = read("80=a:1 as web latency 5ms, loss 1% 81=b:2");
    let lines: Vec<String> = options
        .mappings
        .iter()
        .map(|(mapping, own)| format!("{mapping} {}", own.len()))
        .collect();
    assert_eq!(lines, ["80=a:1 as web 2", "81=b:2 0"]);
}

#[test]
fn a_presets_name_stands_for_its_faults_where_faults_are_given() {
    let set = |words: &[&str]| -> Result<String, Rejected> {
        let words = ["faultboard", "80=a:1"].iter().chain(words);
        let cli = Cli::try_parse_from(words).expect("a command line that clap takes");
        let options = Options::read(cli.run, &cli.mappings)?;
        Ok(crate::format::joined(&options.settings))
    };
    let of_3g = || set(&["--preset", "3g"]).expect("a preset");
    assert_eq!(set(&["-f", "3g"]).expect("a preset"), of_3g());
    for lossy in [vec!["-f", "3g, loss 1%"], vec!["-f", "3g", "-f", "loss 1%"]] {
        assert_eq!(set(&lossy).expect("faults"), of_3g() + ", loss 1%");
    }
    for (words, says) in [
        (
            ["-f", "lat 5ms", "-f", "3g"],
            "3g sets latency too, and latency is set already",
        ),
        (["-f", "3g", "-f", "lat 5ms"], "latency is set already"),
        (["-f", "3gg", "-f", "loss 1%"], "did you mean \"3g\"?"),
    ] {
        let Rejected(wrong) = set(&words).expect_err("a mistake");
        assert!(wrong[0].contains(says), "{words:?}: {wrong:?}");
    }
}

#[test]
fn an_address_that_is_given_twice_is_bound_once() {
    let bind = read("--bind ::1 --bind 127.0.0.1 --bind [::1]").engine.bind;
    let expected: [IpAddr; 2] = ["::1", "127.0.0.1"].map(|addr| addr.parse().expect("an address"));
    assert_eq!(bind, expected);
}

#[test]
fn the_demo_takes_options_before_and_after_its_name() {
    let cli =
        typed("--plain --seed 1 --bind ::1 demo --seed 2 --duration 5s -f lat:1 --bind 127.0.0.1");
    let Some(Command::Demo { run: later, .. }) = cli.command else {
        panic!("not the demo");
    };
    let run = cli.run.and(*later);
    assert!(run.plain && !run.headless);
    assert_eq!(
        (run.seed, run.duration),
        (Some(2), Some(Duration::from_secs(5)))
    );
    assert_eq!((run.bind.len(), run.faults), (2, vec!["lat:1".to_owned()]));
}

#[test]
fn every_switch_holds_before_and_after_the_demos_name() {
    let switches = "--plain --quiet-connections --facts --resume --print-config --no-spin --insecure --no-resumption --strict-close";
    let wanted = typed(switches).run;
    for switch in switches.split(' ') {
        let cli = typed(&format!("demo {switch}"));
        let Some(Command::Demo { run: later, .. }) = cli.command else {
            panic!("not the demo");
        };
        let all = typed(&switches.replacen(switch, "", 1)).run;
        assert_eq!(all.and(*later), wanted, "{switch}");
    }
}

#[test]
fn repeated_options_read_back_to_the_same() {
    let line = "--bind ::1 --ca-file a.pem --ca-file b.pem --sni db --alpn h2,http/1.1 --client-cert c.pem --client-key k.pem \
                --connect-timeout 1500ms --keepalive 90s --max-connections 9 --duration 90s --log-file a.log --expect failed=0 --no-spin --insecure --no-resumption --strict-close";
    let run = typed(line).run;
    let repeated = read(line).repeated.join(" ");
    assert_eq!(typed(&repeated).run, run);
    for line in [
        "--seed 1",
        "--tape a.tape --report a.md",
        "--tape=a.tape --report=a.md",
    ] {
        assert!(
            read(&format!("{line} 80=a:1")).repeated.is_empty(),
            "{line}"
        );
    }
}

#[test]
fn the_definition_of_the_command_line_is_consistent() {
    crate::cli::help::command().debug_assert();
}
