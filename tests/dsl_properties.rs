//! What holds for every text that the languages read.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use faultboard::command::{self, Cleared, Command, Target};
use faultboard::fault::param::Default;
use faultboard::fault::trace::{self, Column};
use faultboard::fault::{
    Direction, Directions, KINDS, Kind, ParamSpec, Plan, Setting, SettingName, Unit, Value,
    language,
};
use faultboard::format::without_secrets;
use faultboard::mapping::{self, Host, Mapping, Name, Protocol, TlsMode};
use faultboard::snapshot::{ConnId, Kill};
use faultboard::syntax::ParseError;
use faultboard::units::{ByteCount, ByteRate, Percent};
use proptest::prelude::*;

// What one of the languages says of a text: nothing where it is right.
type Verdict = fn(&str) -> Option<ParseError>;

fn of_mapping(text: &str) -> Option<ParseError> {
    mapping::parse(text).err()
}

fn of_faults(text: &str) -> Option<ParseError> {
    language::parse(text).err()
}

fn of_line(text: &str) -> Option<ParseError> {
    command::parse_line(text).err()
}

fn of_command(text: &str) -> Option<ParseError> {
    command::parse(text).err()
}

/// An error tells one line of its text, where that has anything, and stands inside it.
fn assert_well_told(text: &str, error: &ParseError) -> Result<(), TestCaseError> {
    let length = text.chars().count();
    prop_assert_eq!(&error.input, &without_secrets(text));
    prop_assert!(error.span.start <= error.span.end, "{error:?}");
    prop_assert!(error.span.end <= length, "{error:?}");
    prop_assert!((1..=length + 1).contains(&error.column()), "{error:?}");
    prop_assert!(!error.message.is_empty(), "{error:?}");
    prop_assert!(!error.message.contains('\n'), "{error:?}");
    prop_assert!(!error.message.ends_with('.'), "{error:?}");
    // Under blanks alone nothing can be pointed at.
    let lines = if text.trim().is_empty() { 1 } else { 2 };
    prop_assert_eq!(error.to_string().lines().count(), lines, "{:?}", error);
    Ok(())
}

/// Every beginning of a valid text is unfinished or right.
fn assert_prefixes_are_not_wrong(text: &str, verdict: Verdict) -> Result<(), TestCaseError> {
    prop_assert_eq!(verdict(text), None, "{:?} is valid", text);
    for (end, _) in text.char_indices() {
        if let Some(error) = verdict(&text[..end]) {
            assert_well_told(&text[..end], &error)?;
            prop_assert!(error.unfinished, "{}\nbefore {:?}", error, &text[end..]);
            prop_assert!(!error.expected.is_empty(), "{}\nexpects nothing", error);
        }
    }
    Ok(())
}

/// So many texts are looked at on the way at the most: what cannot be finished would be gone on with for ever.
const TEXTS: usize = 20_000;

/// Following what is expected leads from an unfinished text to a right one.
fn assert_can_be_finished(text: &str, verdict: Verdict) -> Result<(), TestCaseError> {
    let mut seen = HashSet::new();
    let mut open = vec![text.to_owned()];
    for _ in 0..10 {
        let mut next = Vec::new();
        for text in open {
            // Which files there are, the language does not know.
            let Some(error) = verdict(&text).filter(|_| !text.contains("trace=")) else {
                return Ok(());
            };
            if error.unfinished && seen.insert(text.clone()) {
                next.extend(error.expected.iter().flat_map(|word| gone_on(&text, word)));
            }
        }
        open = next;
        if seen.len() > TEXTS {
            break;
        }
    }
    Err(TestCaseError::fail(format!(
        "{text:?} cannot be finished: {:?}",
        verdict(text)
    )))
}

/// A text with what was expected after it: described things by samples, words by what is still missing of them.
fn gone_on(text: &str, expected: &str) -> Vec<String> {
    let samples: &[&str] = match expected {
        "a port" | "a digit" | "a number" => &["1"],
        ":port" => &[":1"],
        "a proxy" => &["p"],
        "a host" => &["h", ".h"],
        "a name" => &["n"],
        "an address" => &[
            "127.0.0.1",
            ".0.0.1",
            "0.0.1",
            ".0.1",
            "0.1",
            ".1",
            "1",
            ":1",
            "::1",
            "]",
        ],
        "an IPv6 address" => &["::", ":", "0", ":0", ".0"],
        "a time" | "a time or a size" => &["1ms", "1s"],
        "a rate" => &["1kB/s"],
        "a size" => &["1kB"],
        "a percentage" => &["1%"],
        word => {
            let begun = (0..=word.len())
                .rev()
                .find(|end| text.ends_with(&word[..*end]))
                .unwrap_or(0);
            return vec![
                format!("{text}{}", &word[begun..]),
                format!("{text} {word}"),
            ];
        }
    };
    samples
        .iter()
        .flat_map(|sample| [format!("{text}{sample}"), format!("{text} {sample}")])
        .collect()
}

// === Mappings ===

fn a_name() -> impl Strategy<Value = String> {
    let label = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,8}[a-zA-Z0-9_])?";
    let last = "[a-zA-Z0-9_]{0,4}[a-zA-Z_][a-zA-Z0-9_]{0,58}";
    let last_dot = prop_oneof![3 => Just(""), 1 => Just(".")];
    (prop::collection::vec(label, 0..4), last, last_dot).prop_map(|(labels, last, dot)| {
        let mut name: Vec<String> = labels;
        name.push(last);
        name.join(".") + dot
    })
}

fn a_host() -> impl Strategy<Value = Host> {
    prop_oneof![
        4 => a_name().prop_map(Host::Name),
        1 => prop::sample::select(Protocol::ALL.to_vec())
            .prop_map(|protocol| Host::Name(protocol.name().to_owned())),
        2 => any::<Ipv4Addr>().prop_map(Host::V4),
        1 => any::<Ipv6Addr>().prop_map(Host::V6),
        1 => any::<[bool; 8]>().prop_map(|ones| Host::V6(Ipv6Addr::from(ones.map(u16::from)))),
    ]
}

/// A mapping with a name and ALPN, where it has them.
fn a_whole_mapping() -> impl Strategy<Value = Mapping> {
    let name = "[a-zA-Z0-9._-]{1,32}".prop_filter("all is every proxy", |name| name != "all");
    let offers = vec!["h2", "http/1.1", "acme-tls/1", "mqtt", "x+y_z"];
    let offers = prop::sample::subsequence(offers, 0..4).prop_shuffle();
    let addrs = ["127.0.0.1", "::1", "0.0.0.0"].map(|addr| addr.parse().expect("an address"));
    let bind =
        prop_oneof![3 => Just(Vec::new()), 1 => prop::sample::subsequence(addrs.to_vec(), 1..=3)];
    let closed = prop::bool::weighted(0.2);
    (a_mapping(), prop::option::of(name), offers, bind, closed).prop_map(
        |(mapping, name, offers, bind, closed)| {
            let has_tls = mapping.tls() != TlsMode::Clear;
            let offers = offers.into_iter().filter(|_| has_tls).map(str::to_owned);
            Mapping {
                closed,
                bind,
                name: name.and_then(|name| Name::parse(&name).ok()),
                alpn: offers.collect(),
                ..mapping
            }
        },
    )
}

/// A valid text of a mapping with its options in either order.
fn a_whole_mapping_text() -> impl Strategy<Value = String> {
    (a_whole_mapping(), any::<bool>(), "[ \t]{1,2}").prop_map(|(mapping, turned, blank)| {
        let bare = Mapping::new(mapping.listen, mapping.protocol, mapping.host, mapping.port);
        let alpn = (!mapping.alpn.is_empty()).then(|| format!("alpn={}", mapping.alpn.join(",")));
        let name = mapping.name.map(|name| format!("as{blank}{name}"));
        let bind: Vec<String> = mapping.bind.iter().map(ToString::to_string).collect();
        let bind = (!bind.is_empty()).then(|| format!("bind={}", bind.join(",")));
        let closed = mapping.closed.then(|| "closed".to_owned());
        let mut options: Vec<String> = alpn
            .into_iter()
            .chain(bind)
            .chain(closed)
            .chain(name)
            .collect();
        if turned {
            options.reverse();
        }
        options.insert(0, bare.to_string());
        options.join(&blank)
    })
}

fn a_mapping() -> impl Strategy<Value = Mapping> {
    let protocol = prop::option::of(prop::sample::select(Protocol::ALL.to_vec()));
    let port = prop_oneof![1_u16.., Just(80), Just(443), Just(5432)];
    (any::<u16>(), protocol, a_host(), port)
        .prop_map(|(listen, protocol, host, port)| Mapping::new(listen, protocol, host, port))
}

/// A valid text of a mapping: zeros before its ports, blanks around it.
fn a_mapping_text() -> impl Strategy<Value = String> {
    ("[ \t]{0,2}", "0{0,2}", a_mapping(), "0{0,2}", "[ \t]{0,2}").prop_map(
        |(before, zeros, mapping, more, after)| {
            let (text, port) = (mapping.to_string(), format!(":{}", mapping.port));
            let text = match text.strip_suffix(&port) {
                Some(host) => format!("{host}:{more}{}", mapping.port),
                None => text,
            };
            format!("{before}{zeros}{text}{after}")
        },
    )
}

/// Something that is made of a mapping's pieces, and valid by chance only.
fn a_mapping_of_pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "=",
        ":",
        "/",
        "//",
        "://",
        "[",
        "]",
        "::",
        ".",
        "-",
        " ",
        "0",
        "9090",
        "80",
        "1.2.3",
        "fe80",
        "%",
        "@",
        "as",
        "all",
        "alpn=",
        "h2",
        ",",
        "http",
        "https",
        "psqls",
        "tls",
        "x",
        "localhost",
        "é",
        "大",
        "９",
    ]);
    ("(9090=)?", prop::collection::vec(piece, 0..8))
        .prop_map(|(begin, pieces)| begin + &pieces.concat())
}

// === Faults ===

fn a_number(low: u64, high: u64) -> BoxedStrategy<u64> {
    let width = high - low;
    // As often small as great, as often round as not.
    (0..=width, 0..64_u32, any::<bool>())
        .prop_map(move |(number, shift, round)| {
            let number = low + (number >> shift);
            let power = 10_u64.pow(number.checked_ilog10().unwrap_or(0));
            let rounded = number / power * power;
            if round && rounded >= low {
                rounded
            } else {
                number
            }
        })
        .boxed()
}

/// The smallest parts of a value that is counted in such.
fn parts(value: Value) -> Option<u64> {
    match value {
        Value::Time(time) => u64::try_from(time.as_nanos()).ok(),
        Value::Rate(rate) => Some(rate.bytes_per_second()),
        Value::Size(size) => Some(size.bytes()),
        Value::Percent(share) => Some(u64::from(share.ppm())),
        Value::Number(_) | Value::Switch(_) | Value::Word(_) | Value::Trace(_) => None,
    }
}

fn a_value(unit: Unit, range: Option<(Value, Value)>) -> BoxedStrategy<Value> {
    let (low, high) = range.unzip();
    let counted = |most: u64| {
        let low = low.and_then(parts).unwrap_or(0);
        a_number(low, high.and_then(parts).unwrap_or(most))
    };
    match unit {
        Unit::Time => counted(u64::MAX)
            .prop_map(|nanos| Value::Time(Duration::from_nanos(nanos)))
            .boxed(),
        Unit::Rate => counted(u64::MAX)
            .prop_map(|bytes| Value::Rate(ByteRate::new(bytes)))
            .boxed(),
        Unit::Size => counted(u64::MAX)
            .prop_map(|bytes| Value::Size(ByteCount::new(bytes)))
            .boxed(),
        Unit::Percent => counted(1_000_000)
            .prop_map(|ppm| Value::Percent(Percent::from_ppm(u32::try_from(ppm).unwrap_or(0))))
            .boxed(),
        Unit::Number => {
            let bound = |value: Option<Value>, other: f64| match value {
                Some(Value::Number(number)) => number,
                _ => other,
            };
            (bound(low, 0.0)..=bound(high, 1e9))
                .prop_map(Value::Number)
                .boxed()
        }
        Unit::Switch => any::<bool>().prop_map(Value::Switch).boxed(),
        Unit::Word(words) => prop::sample::select(words).prop_map(Value::Word).boxed(),
        Unit::Trace(Column::Rate) => prop::sample::select(vec!["@train", "@lte-moving"])
            .prop_map(|name| Value::Trace(trace::find(name).expect("a trace")))
            .boxed(),
        Unit::Trace(Column::Rtt | Column::Loss) => {
            let text = b"time,rtt,loss\n0,80,1\n";
            Just(Value::Trace(trace::keep("own.csv", text).expect("a trace"))).boxed()
        }
        Unit::TimeOrSize => {
            let ranged = |of: Value| range.filter(|(low, _)| low.partial_order(&of).is_some());
            let time = ranged(Value::Time(Duration::ZERO));
            let size = ranged(Value::Size(ByteCount::new(0)));
            prop_oneof![a_value(Unit::Time, time), a_value(Unit::Size, size)].boxed()
        }
    }
}

fn a_parameter(param: &'static ParamSpec) -> BoxedStrategy<Option<Value>> {
    let value = a_value(param.unit, param.range);
    match param.default {
        Default::Required => value.prop_map(Some).boxed(),
        Default::Absent => prop::option::of(value).boxed(),
        Default::Is(default) => prop_oneof![Just(default), value].prop_map(Some).boxed(),
    }
}

fn a_setting_of(kind: &'static Kind) -> impl Strategy<Value = Setting> {
    let values: Vec<_> = kind.params.iter().map(a_parameter).collect();
    let share = prop_oneof![Just(1_000_000), 0..=1_000_000_u32].prop_map(Percent::from_ppm);
    let directions = prop::sample::select(vec![
        Directions::Both,
        Directions::Only(Direction::Up),
        Directions::Only(Direction::Down),
    ]);
    let name = prop_oneof![3 => Just(None), 1 => a_setting_name().prop_map(Some)];
    (values, share, directions, name).prop_map(move |(values, share, directions, name)| {
        let setting = Setting::new(kind)
            .hitting(share)
            .acting(directions)
            .called(name);
        let values = kind.params.iter().zip(values);
        values.fold(setting, |setting, (param, value)| match value {
            Some(value) => setting.with(param.name, value),
            None => setting,
        })
    })
}

/// A name of a setting: one of a few, or any.
fn a_setting_name() -> impl Strategy<Value = SettingName> {
    prop_oneof!["[ab]", "[a ,\"\\\\#=é-]{1,6}"]
        .prop_map(|text| SettingName::new(&text).expect("a name"))
}

fn a_setting() -> impl Strategy<Value = Setting> {
    prop::sample::select(KINDS).prop_flat_map(a_setting_of)
}

/// Settings that may stand in one plan: a kind at most once per direction and name.
fn some_settings() -> impl Strategy<Value = Vec<Setting>> {
    prop::collection::vec(a_setting(), 1..5).prop_map(|settings| {
        let mut kept: Vec<Setting> = Vec::new();
        for setting in settings {
            let meets = |other: &Setting| {
                other.is(setting.kind, setting.name.as_ref())
                    && other
                        .directions
                        .without(setting.directions)
                        .map(Directions::Only)
                        != Some(other.directions)
            };
            if !kept.iter().any(meets) {
                kept.push(setting);
            }
        }
        kept
    })
}

fn printed(settings: &[Setting]) -> String {
    let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
    settings.join(", ")
}

/// A valid text of one setting as a person might write it: its words in any order, defaults written out.
fn a_fault_text() -> impl Strategy<Value = String> {
    (
        a_setting(),
        any::<[bool; 3]>(),
        any::<prop::sample::Index>(),
        "[ \t]{1,2}",
    )
        .prop_map(|(setting, [short, named, direct], turn, blank)| {
            let params = setting.kind.params;
            let replaced = |name: &str| {
                let given = |param: &&ParamSpec| setting.value(param.name).is_some();
                let mut given = params.iter().filter(given);
                given.any(|param| param.instead_of.contains(&name))
            };
            let mut words: Vec<String> = params
                .iter()
                .filter(|param| !replaced(param.name))
                .filter_map(|param| setting.value(param.name).map(|value| (param, value)))
                .map(|(param, value)| {
                    if param.bare && !named {
                        value.to_string()
                    } else {
                        format!("{}={value}", param.name)
                    }
                })
                .collect();
            words.push(format!("share={}", setting.share));
            words.extend(match setting.directions {
                Directions::Only(direction) => Some(direction.to_string()),
                Directions::Both => direct.then(|| "both".to_owned()),
            });
            let turn = turn.index(words.len());
            words.rotate_left(turn);
            let name = setting.kind.short.filter(|_| short);
            words.insert(0, name.unwrap_or(setting.kind.name).to_owned());
            words.join(&blank)
        })
}

/// Something that is made of a fault's pieces, and valid by chance only.
fn a_fault_of_pieces() -> impl Strategy<Value = String> {
    let mut pieces: Vec<String> = [
        " ", ", ", ",", "=", ".", "0", "1", "250", "5.", "ms", "m", "s", "h", "%", "kB", "Mbit/s",
        "1ms", "5%", "64KiB", "up", "down", "both", "share=", "on", "x", "é", "９",
    ]
    .map(str::to_owned)
    .to_vec();
    for kind in KINDS {
        pieces.push(kind.name.to_owned());
        pieces.push(format!("{} ", kind.name));
        pieces.extend(kind.params.iter().map(|param| format!(" {}=", param.name)));
    }
    let piece = prop::sample::select(pieces);
    (
        a_setting(),
        any::<prop::sample::Index>(),
        prop::collection::vec(piece, 0..6),
    )
        .prop_map(|(setting, end, pieces)| {
            let text = setting.to_string();
            let end = end.index(text.chars().count() + 1);
            text.chars().take(end).collect::<String>() + &pieces.concat()
        })
}

// === Commands ===

/// A valid line of the console: a mapping, and perhaps faults.
fn a_line() -> impl Strategy<Value = String> {
    let mapping = prop_oneof![a_mapping_text(), a_whole_mapping_text()];
    (mapping, prop::option::of(some_settings())).prop_map(|(mapping, settings)| match settings {
        Some(settings) => format!("{mapping} {}", printed(&settings)),
        None => mapping,
    })
}

fn a_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::All),
        "[^\\s]{1,12}"
            .prop_filter("all is every proxy", |name| name != "all")
            .prop_map(Target::Proxy),
    ]
}

fn a_command() -> impl Strategy<Value = Command> {
    let faults = prop::collection::vec(some_settings(), 0..2).prop_map(|faults| faults.concat());
    let kind = prop::option::of(prop::sample::select(KINDS));
    let cleared =
        (kind, prop::option::of(a_setting_name())).prop_map(|(kind, name)| Cleared { kind, name });
    prop_oneof![
        (a_whole_mapping(), faults).prop_map(|(mapping, faults)| Command::Add(mapping, faults)),
        ("[^\\s]{1,12}", prop::option::of("[a-zA-Z0-9._-]{2}")).prop_map(|(proxy, name)| {
            let name = name.map(|name| Name::parse(&name).expect("a name"));
            Command::Rename(proxy, name)
        }),
        "[^\\s]{1,12}".prop_map(Command::Remove),
        ("[^\\s]{1,12}", any::<bool>()).prop_map(|(proxy, open)| Command::Port(proxy, open)),
        "[^\\s]{1,12}".prop_map(Command::Off),
        ("[^\\s]{1,12}", a_mapping()).prop_map(|(proxy, to)| {
            let to = Mapping::new(0, to.protocol, to.host, to.port);
            Command::Repoint(proxy, Box::new(to))
        }),
        (a_target(), some_settings()).prop_map(|(target, faults)| Command::Set(target, faults)),
        (a_target(), cleared).prop_map(|(target, cleared)| Command::Clear(target, cleared)),
        (a_target(), any::<bool>()).prop_map(|(target, on)| Command::Bypass(target, on)),
        (any::<u64>(), any::<bool>()).prop_map(|(conn, rst)| {
            let how = if rst { Kill::Rst } else { Kill::Fin };
            Command::Kill(ConnId(conn), how)
        }),
        (any::<u64>(), any::<bool>()).prop_map(|(conn, on)| Command::Exempt(ConnId(conn), on)),
        (any::<u64>(), any::<bool>()).prop_map(|(conn, on)| Command::Freeze(ConnId(conn), on)),
        any::<bool>().prop_map(Command::Facts),
        Just(Command::List),
        Just(Command::Quit),
    ]
}

/// Something that is made of a command's pieces, and valid by chance only.
fn a_command_of_pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        " ", "#", "3", "all", "db", "on", "of", "rs", "fin", "9090=", "x:80", "latency ", "lat",
        "250", "ms", ", ", "down", "é", "as ", "rename ", "alpn=",
    ]);
    (
        a_command(),
        any::<prop::sample::Index>(),
        prop::collection::vec(piece, 0..5),
    )
        .prop_map(|(command, end, pieces)| {
            let chars: Vec<char> = command.to_string().chars().collect();
            let end = end.index(chars.len() + 1);
            chars[..end].iter().collect::<String>() + &pieces.concat()
        })
}

// === What holds ===

/// A text with one character put in, left out or exchanged.
fn mutated(text: &str, at: prop::sample::Index, c: char, how: u8) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len() + 1);
    match how % 3 {
        0 => chars.insert(at, c),
        1 if at < chars.len() => chars[at] = c,
        _ if at < chars.len() => drop(chars.remove(at)),
        _ => {}
    }
    chars.into_iter().collect()
}

/// Many small cases; a failure prints its own text, so none is stored.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_printed_mapping_parses_to_the_same(mapping in a_whole_mapping()) {
        prop_assert_eq!(mapping::parse(&mapping.to_string()), Ok(mapping));
    }

    #[test]
    fn no_beginning_of_a_mapping_is_wrong(text in prop_oneof![a_mapping_text(), a_whole_mapping_text()]) {
        assert_prefixes_are_not_wrong(&text, of_mapping)?;
    }

    #[test]
    fn an_unfinished_mapping_can_be_finished(text in a_mapping_of_pieces()) {
        if of_mapping(&text).is_some_and(|error| error.unfinished) {
            assert_can_be_finished(&text, of_mapping)?;
        }
    }

    #[test]
    fn errors_of_slightly_wrong_mappings_stand_in_the_line(
        text in prop_oneof![a_mapping_text(), a_whole_mapping_text()],
        at in any::<prop::sample::Index>(),
        c in prop_oneof![any::<char>(), prop::sample::select("=:/[].@-% 09é大".chars().collect::<Vec<_>>())],
        how in any::<u8>(),
    ) {
        let text = mutated(&text, at, c, how);
        if let Some(error) = of_mapping(&text) {
            assert_well_told(&text, &error)?;
        }
    }

    #[test]
    fn any_text_is_read_as_a_mapping_without_a_panic(text in ".{0,60}") {
        if let Some(error) = of_mapping(&text) {
            assert_well_told(&text, &error)?;
        }
    }

    #[test]
    fn printed_settings_parse_to_the_same(settings in some_settings()) {
        prop_assert_eq!(language::parse(&printed(&settings)), Ok(settings));
    }

    #[test]
    fn no_beginning_of_faults_is_wrong(settings in some_settings()) {
        assert_prefixes_are_not_wrong(&printed(&settings), of_faults)?;
    }

    #[test]
    fn no_beginning_of_a_fault_in_any_order_is_wrong(text in a_fault_text()) {
        assert_prefixes_are_not_wrong(&text, of_faults)?;
    }

    #[test]
    fn unfinished_faults_can_be_finished(text in a_fault_of_pieces()) {
        if of_faults(&text).is_some_and(|error| error.unfinished) {
            assert_can_be_finished(&text, of_faults)?;
        }
    }

    #[test]
    fn errors_of_slightly_wrong_faults_stand_in_the_line(
        settings in some_settings(),
        at in any::<prop::sample::Index>(),
        c in prop_oneof![any::<char>(), prop::sample::select("=,.-% 09kmsé大".chars().collect::<Vec<_>>())],
        how in any::<u8>(),
    ) {
        let text = mutated(&printed(&settings), at, c, how);
        if let Some(error) = of_faults(&text) {
            assert_well_told(&text, &error)?;
        }
    }

    #[test]
    fn any_text_is_read_as_faults_without_a_panic(text in ".{0,60}") {
        if let Some(error) = of_faults(&text) {
            assert_well_told(&text, &error)?;
        }
    }

    #[test]
    fn a_printed_command_parses_to_the_same(command in a_command()) {
        let read = command::parse(&command.to_string());
        // Equal where their texts are, so what the text says is compared as well.
        prop_assert_eq!(format!("{:?}", read), format!("{:?}", Ok::<_, ParseError>(&command)));
    }

    #[test]
    fn commands_make_any_plan_of_any_other(
        before in some_settings(), after in some_settings(), bypassed in any::<[bool; 2]>()
    ) {
        let [mut before, mut after] = [before, after].map(Plan::of);
        (before.bypassed, after.bypassed) = bypassed.into();
        let mut plan = before.clone();
        for command in command::between("db", &before, &after) {
            command.edit(&mut plan);
        }
        prop_assert_eq!(plan, after);
    }

    #[test]
    fn a_line_is_its_mapping_and_its_faults(mapping in a_whole_mapping(), faults in some_settings()) {
        let line = format!("{mapping} {}", printed(&faults));
        prop_assert_eq!(command::parse_line(&line), Ok((mapping, faults)));
    }

    #[test]
    fn no_beginning_of_a_line_is_wrong(line in a_line()) {
        assert_prefixes_are_not_wrong(&line, of_line)?;
    }

    #[test]
    fn no_beginning_of_a_command_is_wrong(command in a_command(), sign in any::<bool>()) {
        let text = command.to_string();
        let text = if sign { text.replace("kill ", "kill #") } else { text };
        assert_prefixes_are_not_wrong(&text, of_command)?;
    }

    #[test]
    fn unfinished_commands_can_be_finished(text in a_command_of_pieces()) {
        if of_command(&text).is_some_and(|error| error.unfinished) {
            assert_can_be_finished(&text, of_command)?;
        }
    }

    #[test]
    fn errors_of_slightly_wrong_commands_stand_in_the_line(
        command in a_command(),
        at in any::<prop::sample::Index>(),
        c in prop_oneof![any::<char>(), prop::sample::select("=:,#. 09asé大".chars().collect::<Vec<_>>())],
        how in any::<u8>(),
    ) {
        let text = mutated(&command.to_string(), at, c, how);
        if let Some(error) = of_command(&text) {
            assert_well_told(&text, &error)?;
        }
    }

    #[test]
    fn any_text_is_read_as_a_command_without_a_panic(text in ".{0,60}") {
        for error in [of_command(&text), of_line(&text)].into_iter().flatten() {
            assert_well_told(&text, &error)?;
        }
    }
}
