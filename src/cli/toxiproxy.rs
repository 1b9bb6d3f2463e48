//! The command line of toxiproxy's server, which is taken as it is.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Rejected, RunArgs};
use crate::api::Address;

/// The names by which this program is toxiproxy's server.
const NAMES: [&str; 2] = ["toxiproxy", "toxiproxy-server"];

/// Its flags, which Go writes with one dash.
const FLAGS: [&str; 7] = [
    "host",
    "port",
    "config",
    "seed",
    "proxy-metrics",
    "runtime-metrics",
    "version",
];

/// What toxiproxy's server takes, beside the options of ours.
#[derive(Args, Clone, Debug)]
pub struct ToxiproxyArgs {
    /// Address of the API; where other machines reach it they reach the proxies too [default: localhost]
    #[arg(
        long,
        value_name = "ADDR",
        hide_default_value = true,
        default_value = "localhost"
    )]
    pub host: String,
    /// Port of the API [default: 8474]
    #[arg(long, value_name = "N", hide_default_value = true, value_parser = port, allow_hyphen_values = true, default_value_t = crate::address::PORT)]
    pub port: u16,
    /// JSON file with the proxies to begin with, and their toxics
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say which toxiproxy this stands for
    #[arg(long)]
    pub version: bool,
    /// Taken, and nothing more: /metrics tells of the proxies anyway
    #[arg(long)]
    proxy_metrics: bool,
    /// Taken, and nothing more: /metrics tells nothing of a runtime
    #[arg(long)]
    runtime_metrics: bool,
    /// Taken and left alone, as there.
    #[arg(hide = true)]
    words: Vec<String>,
    /// How the desk runs.
    #[command(flatten)]
    run: RunArgs,
}

/// What is different where the program stands for toxiproxy's server: its proxies come from here, nothing is read from standard
/// input, and other machines are let in without a token where it listens for them.
#[derive(Clone, Debug)]
pub struct DropIn {
    /// The file with the proxies.
    pub config: Option<PathBuf>,
}

/// The words of a command line as this program takes them, where they are toxiproxy's.
pub(super) fn translated(words: &[OsString]) -> Vec<OsString> {
    let mut words = words.to_vec();
    let name = words.first().and_then(|name| Path::new(name).file_stem());
    if name.is_some_and(|name| NAMES.iter().any(|own| name == *own)) {
        words.insert(1, "toxiproxy".into());
    }
    if words.get(1).is_some_and(|word| word == "toxiproxy") {
        for word in words.iter_mut().skip(2) {
            let flag = word.to_str().and_then(|word| word.strip_prefix('-'));
            let flag = flag.filter(|flag| FLAGS.contains(&flag.split('=').next().unwrap_or(flag)));
            if let Some(flag) = flag {
                *word = format!("--{flag}").into();
            }
        }
    }
    words
}

// === impl ToxiproxyArgs ===

impl ToxiproxyArgs {
    /// The options of ours that it comes to.
    pub fn read(self) -> Result<(RunArgs, DropIn), Rejected> {
        let Self {
            host,
            port,
            config,
            mut run,
            ..
        } = self;
        let ip = match host.as_str() {
            "" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            name => resolve(name)?,
        };
        let addr = Address::Tcp(SocketAddr::new(ip, port));
        run.api.api.get_or_insert(addr);
        if ip.is_unspecified() && run.bind.is_empty() {
            run.bind.push(ip);
        }
        run.headless = !run.plain;
        Ok((run, DropIn { config }))
    }
}

fn port(text: &str) -> Result<u16, String> {
    let why = "a port is a number from 0, for any that is free, to 65535";
    text.parse().map_err(|_| why.to_owned())
}

fn resolve(name: &str) -> Result<IpAddr, Rejected> {
    let found = (name, 0)
        .to_socket_addrs()
        .map(Vec::from_iter)
        .unwrap_or_default();
    let v4 = found.iter().find(|addr| addr.is_ipv4());
    let any = v4.or(found.first()).map(SocketAddr::ip);
    any.ok_or_else(|| {
        Rejected::because(&format!(
            "-host {name}: no such host: 127.0.0.1, 0.0.0.0, localhost"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, read};

    fn args(line: &str) -> ToxiproxyArgs {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        match read(&words).expect(line).command {
            Some(Command::Toxiproxy(args)) => *args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn flags_have_one_dash_or_two_and_a_value_behind_a_blank_or_a_sign() {
        for line in [
            "faultboard toxiproxy -host 0.0.0.0 -port 9 -config=/x.json -seed 7 extra",
            "faultboard toxiproxy --host=0.0.0.0 --port=9 --config /x.json --seed=7",
            "/toxiproxy -host=0.0.0.0 --port 9 -config /x.json -seed=7 -proxy-metrics",
            "/usr/bin/toxiproxy-server -port=9 -host 0.0.0.0 --config=/x.json -seed 7",
        ] {
            let (run, drop_in) = args(line).read().expect(line);
            assert_eq!(run.api.api, Address::parse("0.0.0.0:9").ok(), "{line}");
            assert_eq!((run.seed, run.headless), (Some(7), true), "{line}");
            assert_eq!(run.bind, [IpAddr::V4(Ipv4Addr::UNSPECIFIED)]);
            assert_eq!(drop_in.config, Some("/x.json".into()));
        }
    }

    #[test]
    fn without_flags_it_is_on_loopback() {
        let (run, drop_in) = args("toxiproxy").read().expect("a host");
        assert_eq!(
            (run.api.api, drop_in.config),
            (Some(Address::default()), None)
        );
        assert!(run.bind.is_empty());
        let (run, _) = args("toxiproxy -host=").read().expect("a host");
        assert_eq!(run.api.api, Address::parse("0.0.0.0:8474").ok());
        assert!(args("toxiproxy -version").version);
    }

    #[test]
    fn an_unknown_flag_and_an_unknown_host_are_wrong() {
        assert!(read(&["toxiproxy".into(), "-nosuch".into()]).is_err());
        assert!(args("toxiproxy -host nosuch.invalid").read().is_err());
    }
}
