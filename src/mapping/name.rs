//! What a proxy is called: the name that its mapping gives it, or the one that it gets by itself.
//!
//! A given name is typed in commands and stands in narrow columns, so it is short and has letters of ASCII alone: each of
//! them is one column wide and on every keyboard, and no two names look alike and differ. A name that a proxy gets by
//! itself says what is behind it. Where another proxy has that name, a colon and the port are added, as in `db:5433`; no
//! given name has a colon, so the two never meet.

use std::fmt;

use super::{Host, Mapping};
use crate::syntax::{self, ParseError};

/// A name as it can be given: 1 to 32 ASCII letters, digits, `-`, `_` and `.`, but not `all`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(pub(super) String);

/// The word that means every proxy in a command, so that none can be called by it.
pub(super) const EVERY: &str = "all";

/// The most characters of a given name.
pub(super) const LONGEST: usize = 32;

/// What usually listens on a port, by the name that people know it by. The ports are those of IANA's service name and port
/// number registry, and for the services marked with a star, which it does not have under that name, those of their own
/// documentation.
const SERVICES: &[(u16, &str)] = &[
    (21, "ftp"),
    (22, "ssh"),
    (25, "smtp"),
    (53, "dns"),
    (80, "http"),
    (110, "pop3"),
    (143, "imap"),
    (389, "ldap"),
    (443, "https"),
    (465, "smtps"),
    (587, "smtp"),
    (636, "ldaps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1433, "mssql"),
    (1521, "oracle"), // *
    (1883, "mqtt"),
    (2181, "zookeeper"), // *
    (2379, "etcd"),
    (3306, "mysql"),
    (4222, "nats"), // *
    (5432, "psql"),
    (5671, "amqps"),
    (5672, "amqp"),
    (5984, "couchdb"),
    (6379, "redis"),
    (8080, "http"),
    (8443, "https"), // *
    (8883, "mqtts"),
    (9042, "cassandra"),     // *
    (9092, "kafka"),         // *
    (9200, "elasticsearch"), // *
    (11211, "memcached"),
    (27017, "mongodb"),
    (50051, "grpc"), // *
];

// === impl Name ===

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// It is empty or too long, has a character that no name has, or is `all`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        syntax::read(text, super::grammar::name)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Mapping ===

impl Mapping {
    /// What a proxy of this mapping is called that listens on `port` and was given no name: the first label of the upstream's
    /// host. An address and `localhost` say nothing of what is there: such a proxy is called by the service that the
    /// upstream's port is known for, as in `redis`, or else by its own port, as in `:18081`.
    #[must_use]
    pub fn default_name(&self, port: u16) -> String {
        match &self.host {
            Host::Name(host) if !is_localhost(host) => {
                host.split('.').next().unwrap_or(host).to_owned()
            }
            Host::Name(_) | Host::V4(_) | Host::V6(_) => {
                let service = SERVICES.iter().find(|(known, _)| *known == self.port);
                service.map_or_else(|| format!(":{port}"), |(_, name)| (*name).to_owned())
            }
        }
    }

    /// The name of a proxy of this mapping that listens on `port`, where `is_taken` tells the names of the others: the one
    /// that was given, else the default one, with a colon and the port behind it where it is taken.
    #[must_use]
    pub fn name_beside(&self, port: u16, is_taken: impl Fn(&str) -> bool) -> String {
        if let Some(name) = &self.name {
            return name.to_string();
        }
        let name = self.default_name(port);
        let is_taken = |name: &String| name == EVERY || is_taken(name);
        let with_port = if name.starts_with(':') {
            name.clone()
        } else {
            format!("{name}:{port}")
        };
        // Two proxies have one port where the first one's is closed.
        let numbered = (2..=u16::MAX).map(|number| format!("{with_port}:{number}"));
        let mut names = [name, with_port.clone()].into_iter().chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or(with_port)
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(text: &str) -> Mapping {
        super::super::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_proxy_is_called_by_what_says_most_of_its_upstream() {
        for (text, name) in [
            ("9090=https://www.google.com", "www"),
            ("35432=psql://my-db.default.svc:5432", "my-db"),
            ("35432=db.:5432", "db"),
            ("1=10.0.0.1:6379", "redis"),
            ("1=psql://127.0.0.1", "psql"),
            ("1=[::1]:80", "http"),
            ("1=http://localhost:8080", "http"),
            ("1=LOCALHOST.:9092", "kafka"),
            ("1=https://[2001:db8::1]", "https"),
            ("18081=127.0.0.1:3000", ":18081"),
            ("18081=http://localhost:3000", ":18081"),
            ("1=api.localhost:3000", "api"),
            ("1=10.0.0.1:6379 as cache", "cache"),
        ] {
            let mapping = mapping(text);
            assert_eq!(
                mapping.name_beside(mapping.listen, |_| false),
                name,
                "{text}"
            );
        }
    }

    #[test]
    fn a_port_of_ours_keeps_default_names_apart() {
        let name = |text: &str, others: &[&str]| {
            let mapping = mapping(text);
            mapping.name_beside(mapping.listen, |name| others.contains(&name))
        };
        assert_eq!(name("5433=db:5432", &["db"]), "db:5433");
        assert_eq!(name("5433=db:5432", &["db", "db:5433"]), "db:5433:2");
        assert_eq!(name("7=127.0.0.1:7", &[":7"]), ":7:2");
        assert_eq!(name("7=127.0.0.1:7", &[":7", ":7:2"]), ":7:3");
        assert_eq!(name("9=all.example:1", &[]), "all:9");
    }

    #[test]
    fn services_stand_in_the_order_of_their_ports_and_can_be_given_as_names() {
        assert!(SERVICES.is_sorted_by(|one, other| one.0 < other.0));
        for (_, name) in SERVICES {
            assert!(Name::parse(name).is_ok(), "{name}");
        }
    }
}
