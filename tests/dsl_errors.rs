//! What the languages say about wrong and unfinished texts: the very words, and where the caret stands.
//!
//! Each table is what a person would see: a text, and under it the caret with the message.

use faultboard::command;
use faultboard::fault::{KINDS, language};
use faultboard::mapping;
use faultboard::syntax::ParseError;

/// Parses the first line of every block and compares the error with the block. `KINDS` in a message stands for the
/// names of all kinds, `EXAMPLE` for the first one's, `COMMANDS` for the words of all commands: a new one changes no
/// table here.
fn assert_errors<T>(table: &str, unfinished: bool, parse: impl Fn(&str) -> Result<T, ParseError>) {
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let commands: Vec<&str> = command::words().collect();
    let mut count = 0;
    for block in table.trim_matches('\n').split("\n\n") {
        let text = block.split('\n').next().unwrap_or("");
        let Err(error) = parse(text) else {
            panic!("{text:?} is valid");
        };
        let told = block
            .replace("KINDS", &kinds.join(", "))
            .replace("EXAMPLE", KINDS[0].example)
            .replace("COMMANDS", &commands.join(", "));
        assert_eq!(error.to_string(), told);
        assert_eq!(error.unfinished, unfinished, "{text:?} unfinished");
        count += 1;
    }
    assert!(count > 1, "the table has blocks");
}

#[test]
fn wrong_mappings_name_the_column_and_a_form_that_would_work() {
    assert_errors(WRONG_MAPPINGS, false, mapping::parse);
}

#[test]
fn unfinished_mappings_say_what_is_missing() {
    assert_errors(UNFINISHED_MAPPINGS, true, mapping::parse);
}

#[test]
fn wrong_names_and_alpn_name_the_column_and_a_form_that_would_work() {
    assert_errors(WRONG_OPTIONS, false, mapping::parse);
}

#[test]
fn unfinished_names_and_alpn_say_what_is_missing() {
    assert_errors(UNFINISHED_OPTIONS, true, mapping::parse);
}

#[test]
fn wrong_faults_name_the_column_and_a_form_that_would_work() {
    assert_errors(WRONG_FAULTS, false, language::parse);
}

#[test]
fn unfinished_faults_say_what_is_missing() {
    assert_errors(UNFINISHED_FAULTS, true, language::parse);
}

#[test]
fn wrong_lines_name_the_column_in_the_whole_line() {
    assert_errors(WRONG_LINES, false, command::parse_line);
}

#[test]
fn wrong_commands_name_the_column_and_a_form_that_would_work() {
    assert_errors(WRONG_COMMANDS, false, command::parse);
}

#[test]
fn unfinished_commands_say_what_is_missing() {
    assert_errors(UNFINISHED_COMMANDS, true, command::parse);
}

#[test]
fn a_blank_ends_what_could_have_gone_on() {
    for (text, column, message) in [
        ("9090=8080 ", 6, r#""8080" is no host: localhost:8080"#),
        (
            "9090=my- ",
            8,
            r#"a host's label does not end with "-": my-db"#,
        ),
        (
            "9090=localhost:0 ",
            16,
            "port 0: an upstream port is 1 to 65535",
        ),
        (
            "9090=x.com ",
            11,
            "needs a port: x.com:80, or a protocol: https://x.com",
        ),
        ("9090=[::1 ", 10, r#"needs "]" after the address: [::1]:80"#),
        ("9090 ", 5, r#"needs "=": 9090=https://host"#),
    ] {
        let error = mapping::parse(text).expect_err(text);
        assert_eq!((error.column(), &*error.message), (column, message));
        assert!(!error.unfinished, "{text:?}");
    }
}

#[test]
fn unfinished_mappings_say_what_may_follow() {
    let urls = ["http://", "https://", "psql://", "psqls://", "tls://"];
    for (text, expected) in [
        ("", vec!["a port"]),
        ("9090", vec!["="]),
        ("9090=", [vec!["a host"], urls.to_vec()].concat()),
        ("9090=htt", vec![":port", "http://", "https://"]),
        ("9090=psqls", vec![":port", "psqls://"]),
        ("9090=https:", vec!["a port", "https://"]),
        ("9090=https:/", vec!["https://"]),
        ("9090=https://", vec!["a host"]),
        ("9090=db", vec![":port"]),
        ("9090=db:", vec!["a port"]),
        ("9090=[fe8", vec!["an IPv6 address"]),
        ("9090=[::1", vec!["]"]),
    ] {
        let error = mapping::parse(text).expect_err(text);
        assert_eq!(error.expected, expected, "{text:?}");
    }
}

const WRONG_MAPPINGS: &str = r##"
9090=htps://example.com
     ^ unknown protocol "htps": did you mean "https"? (http, https, psql, psqls, tls)

9090=HTTPS://example.com
     ^ unknown protocol "HTTPS": did you mean "https"? (http, https, psql, psqls, tls)

9090=h:5432,h2:5432
           ^ a mapping has one upstream: leave out ",h2:5432"

9090 = https://www.google.com
    ^ no blank stands before "=": 9090=https://www.google.com

9090  =https://h
    ^ no blank stands before "=": 9090=https://h

9090= h:80
     ^ no blank stands after "=": =h:80

9090=  as web
     ^ no blank stands after "=": =https://host

9090=unix:/tmp/x
     ^ a mapping leads to a port, not to a socket's file: localhost:5432

9090=postgresql://db
     ^ a mapping is written 9090=psql://db; your application is then given postgresql://localhost:9090

9090=redis://cache:6379
     ^ a mapping is written 9090=cache:6379; your application is then given redis://localhost:9090

9090=tcp://localhost:80
     ^ plain TCP is written without a protocol: host:80

9090=://x
     ^ needs a protocol before "://": https://host

9090=https:/x
     ^ needs "://" after https: https://host

9090=https:x
          ^ needs "://": https://x

9090=psqls:my-db:5432
          ^ needs "://": psqls://my-db:5432

9090=https//x
          ^ needs "://" after https: https://host

9090 https://www.google.com
    ^ needs "=": 9090=https://www.google.com

9090:https://www.google.com
    ^ needs "=": 9090=https://www.google.com

9090->localhost:80
    ^ needs "=": 9090=localhost:80

9090:localhost:80
^ needs "=": 9090=localhost:80

https://www.google.com
^ a mapping is written 9090=https://www.google.com; your application is then given http://localhost:9090

localhost:8080
^ needs a port and "=" first: 9090=localhost:8080

http://localhost:9090=https://www.google.com
^ left of "=" stands a port alone: 9090=https://www.google.com

http=localhost:80
^ needs a port and "=" first: 9090=https://host

localhost:9090=https://x.com
^ left of "=" stands a port alone: 9090=https://x.com

127.0.0.1:9090=https://x.com
^ left of "=" stands a port alone: 9090=https://x.com

:9090=https://x.com
^ left of "=" stands a port alone: 9090=https://x.com

=https://x.com
^ needs a port before "=": 9090=https://x.com

-1=https://x.com
^ a port is a number from 0 to 65535: 9090=https://host

９０９０=https://x.com
^ a port is written in the digits 0 to 9: 9090=https://host

99999=https://x.com
^ port 99999 is over 65535: a listening port is 0 to 65535

18446744073709551616=https://x.com
^ port 18446744073709551616 is over 65535: a listening port is 0 to 65535

9090=localhost:99999
               ^ port 99999 is over 65535: an upstream port is 1 to 65535

9090=https://x.com:0x50
                   ^ port 0: an upstream port is 1 to 65535

9090=localhost:８０
               ^ a port is written in the digits 0 to 9: localhost:80

9090=localhost:http
               ^ needs a port after ":": localhost:80

9090=localhost:-1
               ^ needs a port after ":": localhost:80

9090=localhost: 80
               ^ needs a port after ":": localhost:80

9090=https:// x.com
             ^ needs a host: https://host

9090= https://x.com
     ^ no blank stands after "=": =https://x.com

9090=:80
     ^ needs a host before ":": localhost:80

9090=host=80
         ^ needs a port: host:80, or a protocol: https://host

9090=https://x.com/path
     ^ a mapping is written 9090=https://x.com; your application is then given http://localhost:9090/path

9090=https://x.com:443/path?q=1
     ^ a mapping is written 9090=https://x.com; your application is then given http://localhost:9090/path?q=1

9090=https://x.com/
     ^ a mapping is written 9090=https://x.com; your application is then given http://localhost:9090/

9090=localhost:80#top
                 ^ a mapping has no path: leave out "#top"

9090=user@host:22
     ^ a mapping has no user: leave out "user@"

9090=psql://me:******@db/shop
     ^ a mapping is written 9090=psql://db; your application is then given psql://me:******@localhost:9090/shop

9090=::1:80
     ^ an IPv6 address stands in brackets: [::1]:80

9090=fe80::1
     ^ an IPv6 address stands in brackets: [fe80::1]:80

9090=https://2001:db8::1
             ^ an IPv6 address stands in brackets: [2001:db8::1]:80

9090=2001:db8::
     ^ an IPv6 address stands in brackets: [2001:db8::]:80

9090=[::g]:80
        ^ "::g" is not a whole IPv6 address: [::1]:80

9090=[1:2:3]:80
           ^ "1:2:3" is not a whole IPv6 address: [::1]:80

9090=[127.0.0.1]:80
         ^ an IPv4 address stands without brackets: 127.0.0.1

9090=[fe80::1%eth0]:80
             ^ an address has no zone in a mapping: [fe80::1]:80

9090=[::1]80
          ^ needs a port: [::1]:80, or a protocol: https://[::1]

9090=https://[::1]x
                  ^ a mapping ends here: leave out "x"

9090=a[::1]:80
      ^ brackets are for a whole IPv6 address: [::1]:80

9090=localhost:80:90
                 ^ one port is enough: leave out ":90"

9090=localhost:80x
                 ^ a mapping ends here: leave out "x"

9090=localhost:80,latency 5ms
                 ^ faults begin after a blank: 9090=https://host latency 250ms

9090=localhost:80 latency 5ms
                  ^ nothing may follow here: leave out "latency"

9090=1.2.3:80
     ^ an IPv4 address is four numbers and three dots: 10.0.0.1

9090=1.2.3.256:80
           ^ an IPv4 address has numbers from 0 to 255: 10.0.0.1

9090=10.0.0.01:80
            ^ an IPv4 address has no leading zeros: 10.0.0.1

9090=1.2.3.4.:80
     ^ an IPv4 address is four numbers and three dots: 10.0.0.1

9090=my-db.123:80
     ^ the last label of a name is not all digits: 12.my-db

9090=a..b:80
       ^ a host has letters or digits around each dot: my-db.svc

9090=.a:80
     ^ a host has letters or digits around each dot: my-db.svc

9090=-a:80
     ^ a host's label does not begin with "-": my-db

9090=a-:80
      ^ a host's label does not end with "-": my-db

9090=a-.b:80
      ^ a host's label does not end with "-": my-db

9090=my db:80
       ^ needs a port: my:80, or a protocol: https://my

9090=bücher.example:80
      ^ "ü" cannot stand in a host: write the name in its ASCII form: xn--bcher-kva.example

9090=*:80
     ^ "*" cannot stand in a host: it has letters, digits, "-", "_" and ".", as in my-db.svc

9090=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b:80
     ^ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" has 68 characters: between dots there are at most 63

大=https://x.com
^ needs a port and "=" first: 9090=https://host

9090=大大.example:80
     ^ "大" cannot stand in a host: write the name in its ASCII form: xn--pssa.example

9090=a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.b:80
     ^ a host has at most 253 characters, not 255
"##;

const WRONG_OPTIONS: &str = r#"
9090=x.com:80 as my:db
                   ^ ":" cannot stand in a name: it has letters from a to z, digits, "-", "_" and ".", as in orders

9090=x.com:80 as größe
                   ^ "ö" cannot stand in a name: it has letters from a to z, digits, "-", "_" and ".", as in orders

9090=x.com:80 as abcdefghijklmnopqrstuvwxyz-123456
                 ^ a name has at most 32 characters, not 33

9090=x.com:80 as one as two
                     ^ a proxy has one name: leave out "as two"

9090=x.com:80 as=web
              ^ a name follows "as" and a blank: as web

9090=x.com:80 name=web
              ^ a name follows "as" and a blank: as web

9090=x.com:80 alpn=h2
              ^ there is no TLS here to offer a protocol in: tls://x.com:80 alpn=h2

9090=http://x.com as web alpn=h2
                         ^ there is no TLS here to offer a protocol in: https://x.com:80 alpn=h2

9090=psql://db alpn=postgresql
               ^ there is no TLS here to offer a protocol in: psqls://db:5432 alpn=postgresql

9090=tls://x.com alpn=h2 alpn=http/1.1
                         ^ alpn= stands once, with all that is offered: leave out alpn=http/1.1

9090=tls://x.com alpn=h2,h2
                         ^ h2 is offered twice

9090=tls://x.com alpn=h2,,http/1.1
                         ^ a protocol stands on each side of a comma, without blanks: alpn=h2,http/1.1

9090=tls://x.com alpn=h2, http/1.1
                         ^ a protocol stands on each side of a comma, without blanks: alpn=h2,http/1.1

9090=tls://x.com alpn=http/2
                      ^ TLS knows "http/2" as h2: alpn=h2

9090=tls://x.com alpn=H2
                      ^ TLS knows "H2" as h2: alpn=h2

9090=tls://x.com alpn=h2;http/1.1
                        ^ ";" cannot stand in a protocol's name: alpn=h2,http/1.1

9090=h2://localhost:50051
     ^ HTTP/2 over TLS is TLS that offers h2: tls://localhost:50051 alpn=h2

9090=grpcs://localhost:50051
     ^ HTTP/2 over TLS is TLS that offers h2: tls://localhost:50051 alpn=h2

9090=grpcs://
     ^ HTTP/2 over TLS is TLS that offers h2: tls://host:50051 alpn=h2

9090=grpc://localhost:50051
     ^ a mapping is written 9090=localhost:50051; your application is then given grpc://localhost:9090
"#;

const UNFINISHED_OPTIONS: &str = r#"
9090=x.com:80 a
              ^ needs the whole word: as

9090=tls://x.com a
                 ^ needs the whole word: as, alpn=

9090=x.com:80 as
                ^ needs a name, as in orders

9090=x.com:80 as all
                 ^ "all" means every proxy: give another name, as in orders

9090=tls://x.com alpn=
                      ^ needs a protocol: alpn=h2

9090=tls://x.com alpn=h2,
                         ^ needs a protocol: alpn=h2

9090=tls://x.com alpn=http
                      ^ TLS knows "http" as http/1.1: alpn=http/1.1
"#;

const UNFINISHED_MAPPINGS: &str = r#"
9
 ^ needs "=": 9=https://host

9090
    ^ needs "=": 9090=https://host

9090=
     ^ needs a host after "=": localhost:80, https://host

9090=h
      ^ needs a port: h:80, or a protocol: https://h

9090=htt
        ^ needs a port: htt:80, or a protocol: https://htt

9090=https
          ^ needs "://" and a host: https://host

9090=https:
           ^ needs "://" and a host after https: https://host

9090=https:/
            ^ needs "://" and a host after https: https://host

9090=https://
             ^ needs a host: https://host

9090=www.google.com
                   ^ needs a port: www.google.com:80, or a protocol: https://www.google.com

9090=www.google.com:
                    ^ needs a port after ":": localhost:80

9090=my-
       ^ a host's label does not end with "-": my-db

9090=a.
       ^ needs a port: a:80, or a protocol: https://a

9090=1.2.3
     ^ an IPv4 address is four numbers and three dots: 10.0.0.1

9090=8080
     ^ "8080" is no host: localhost:8080

9090=https://8080
             ^ "8080" is no host: localhost:8080

9090=1.2.3.4
            ^ needs a port: 1.2.3.4:80, or a protocol: https://1.2.3.4

9090=1.2.3.4.
     ^ an IPv4 address is four numbers and three dots: 10.0.0.1

9090=localhost:0
               ^ port 0: an upstream port is 1 to 65535

9090=https://x:
               ^ needs a port after ":": localhost:80

9090=[
      ^ needs an IPv6 address in the brackets: [::1]:80

9090=[fe8
         ^ "fe8" is not a whole IPv6 address: [::1]:80

9090=[::1
         ^ needs "]" after the address: [::1]:80

9090=[::1]
          ^ needs a port: [::1]:80, or a protocol: https://[::1]

9090=[::1]:
           ^ needs a port after ":": localhost:80

12345=lo
        ^ needs a port: lo:80, or a protocol: https://lo
"#;

const WRONG_FAULTS: &str = r#"
latncy 250ms
^ unknown fault "latncy": did you mean "latency"? (KINDS)

lag 250ms
^ unknown fault "lag": did you mean "latency"? (KINDS)

latency=250ms
       ^ needs a blank after latency: latency 250ms jitter=30ms dist=normal

latency:250ms
       ^ needs a blank after latency: latency 250ms jitter=30ms dist=normal

Latency 250ms
^ unknown fault "Latency": did you mean "latency"? (KINDS)

latency, bandwidth 1Mbit/s
       ^ latency wants a time: 250ms, 1.5s

latency down, bandwidth 1Mbit/s
            ^ latency wants a time: 250ms, 1.5s

latency 250 down
           ^ a time needs a unit: 250ms

latency 250 ms
           ^ no blank between number and unit: 250ms

latency 1,5s
         ^ decimals follow a point: 1.5s

latency 1.5 , bandwidth 1Mbit/s
           ^ a time needs a unit: 1.5ms

latency .5s
        ^ needs a digit before the point: 0.5s

latency 1.s
          ^ needs a digit after the point: 1.5

latency -5ms
        ^ latency is never negative: 250ms, 1.5s

latency +5ms
        ^ latency wants a time: 250ms, 1.5s

latency ２５０ms
        ^ numbers are written in the digits 0 to 9: 250ms, 1.5s

latency abc
        ^ latency wants a time: 250ms, 1.5s

latency 250kB
           ^ latency wants a time, not a size: 250ms, 1.5s

latency 250MS
           ^ unknown unit "MS": did you mean "ms"? (ns, us, ms, s, m, h)

latency 250msec
           ^ unknown unit "msec": did you mean "ms"? (ns, us, ms, s, m, h)

latency 250sec
           ^ unknown unit "sec": did you mean "s"? (ns, us, ms, s, m, h)

latency 250µs
           ^ unknown unit "µs": did you mean "us"? (ns, us, ms, s, m, h)

latency 2h
        ^ latency is 0ms to 3600s

latency 3601s
        ^ latency is 0ms to 3600s

latency 99999999999999999999999999999999999999999999s
        ^ latency is 0ms to 3600s

latency 250ms 100ms
              ^ needs its name: jitter=100ms

latency 250ms time=100ms
              ^ time is given twice: leave one out

latency 250ms jitter=5ms jitter=6ms
                         ^ jitter is given twice: leave one out

latency 250ms jitter 30ms
                    ^ needs "=" after jitter: jitter=250ms

latency 250ms jitter= 30ms
                     ^ jitter wants a time: 250ms, 1.5s

latency 250ms jitter=, bandwidth 1MB/s
                     ^ jitter wants a time: 250ms, 1.5s

latency 250ms jiter=30ms
              ^ unknown parameter "jiter": did you mean "jitter"? (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as)

latency 250ms delay=30ms
              ^ unknown parameter "delay" (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as)

latency 250ms =30ms
              ^ needs a name before "=": jitter=250ms

latency 250ms dist=norml
                   ^ unknown dist "norml": did you mean "normal"? (uniform, normal, pareto, paretonormal)

latency 250ms dist=Normal
                   ^ unknown dist "Normal": did you mean "normal"? (uniform, normal, pareto, paretonormal)

latency 250ms normal
              ^ needs its name: dist=normal

latency 250ms handshake=yes
                        ^ handshake wants on or off

latency 250ms corr=101%
                   ^ corr is 0% to 100%

latency 250ms share=150%
                    ^ share is 0% to 100%

latency 250ms 150%
              ^ share is 0% to 100%

latency 150%
        ^ share is 0% to 100%

latency 250ms dwn
              ^ unknown word "dwn": did you mean "down"? (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as, up, down, both)

latency 250ms up down
                 ^ a direction is given already: up, down or both, once

latency 250ms up up
                 ^ a direction is given already: up, down or both, once

latency 250ms foo
              ^ unknown word "foo": did you mean "for"? (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as, up, down, both)

latency 250ms bandwidth 1Mbit/s
              ^ needs "," before bandwidth: latency 250ms, bandwidth 1Mbit/s

latency 250ms,, bandwidth 1Mbit/s
              ^ needs a fault before ",": EXAMPLE

, latency 250ms
^ needs a fault before ",": EXAMPLE

latency 250ms; bandwidth 1Mbit/s
             ^ faults are separated by "," instead of ";"

latency 250ms, latency 100ms, loss 1%
               ^ latency is set already: set it once, or once up and once down, or give this one a name, as=slow

latency 250ms up, latency 100ms up, loss 1%
                                ^ latency is set for up already: down is free

latency 250ms up, latency 100ms both, loss 1%
                                ^ latency is set for up already: down is free

latency 250ms up, latency 100ms, bandwidth 1MB/s
                  ^ latency is set for up already: down is free

latency 1ms up, latency 2ms down, latency 3ms, loss 1%
                                  ^ latency is set already: set it once, or once up and once down, or give this one a name, as=slow

bandwidth 1Mbps
           ^ unknown unit "Mbps": did you mean "Mbit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

bandwidth 1mbit up
           ^ unknown unit "mbit": did you mean "Mbit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

bandwidth 1MB up
           ^ bandwidth wants a rate, not a size: 1Mbit/s, 64kB/s

bandwidth 1 MB/s
           ^ no blank between number and unit: 1MB/s

bandwidth 1Mb/s
           ^ unknown unit "Mb/s": did you mean "Mbit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

bandwidth 1Tbit/s
           ^ unknown unit "Tbit/s": did you mean "bit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

bandwidth 200GB/s
          ^ bandwidth is 0B/s to 100GB/s

bandwidth fast
          ^ bandwidth wants a rate: 1Mbit/s, 64kB/s

bandwidth 1MB/s queue=5%
                       ^ queue wants a time or a size, not a percentage: 200ms, 64kB

bandwidth 1MB/s queue=99999999999h
                      ^ queue is too great: 200ms, 64kB

bandwidth 1MB/s scope=all
                      ^ unknown scope "all" (proxy, connection, desk)

大 5ms
^ unknown fault "大" (KINDS)

latency 5ms 大=3
            ^ unknown parameter "大" (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as)

bandwidth 64k down
            ^ unknown unit "k": did you mean "kbit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

lat250ms
   ^ needs a blank after lat: latency 250ms jitter=30ms dist=normal

latency 250ms corr=5 up
                    ^ a percentage needs a unit: 5%
"#;

const UNFINISHED_FAULTS: &str = r#"
lat
   ^ latency wants a time: 250ms, 1.5s

latency
       ^ latency wants a time: 250ms, 1.5s

latency 2
         ^ a time needs a unit: 2ms

latency 250
           ^ a time needs a unit: 250ms

latency 250m
        ^ latency is 0ms to 3600s

latency 1.
          ^ needs a digit after the point: 1.5

latency 3700
            ^ a time needs a unit: 3700ms

latency 250ms,
              ^ needs a fault: EXAMPLE

latency 250ms d
              ^ unknown word "d" (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as, up, down, both)

latency 250ms j
              ^ unknown word "j" (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as, up, down, both)

latency 250ms jitter
                    ^ needs "=" after jitter: jitter=250ms

latency 250ms jitter=
                     ^ jitter wants a time: 250ms, 1.5s

latency 250ms jitter=3
                      ^ a time needs a unit: 3ms

latency 250ms dist=par
                   ^ unknown dist "par": did you mean "pareto"? (uniform, normal, pareto, paretonormal)

latency 250ms handshake=o
                        ^ handshake wants on or off

latency 250ms 5
               ^ a percentage needs a unit: 5%

latency down
            ^ latency wants a time: 250ms, 1.5s

latency 250ms up, latency 100ms
                  ^ latency is set for up already: down is free

latency 250ms up, latency 100ms d
                                ^ unknown word "d" (time, jitter, dist, corr, handshake, wave, period, depth, ramp, trace, loop, share, start, for, as, up, down, both)

bandwidth 1M
           ^ unknown unit "M": did you mean "Mbit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

bandwidth 1Mb
           ^ unknown unit "Mb": did you mean "Mbit/s"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)

bandwidth 1MB/s queue=5
                       ^ a time or a size needs a unit: 5ms
"#;

const WRONG_LINES: &str = r#"
9090=https://x.com, latency 5ms
                  ^ faults begin after a blank: 9090=https://host latency 250ms

9090=https://x.com,latency 5ms
                  ^ faults begin after a blank: 9090=https://host latency 250ms

9090=https://x.com;latency 5ms
                  ^ faults begin after a blank: 9090=https://host latency 250ms

9090=x.com latency 5ms
          ^ needs a port: x.com:80, or a protocol: https://x.com

9090=x.com:80 as all latency 5ms
                 ^ "all" means every proxy: give another name, as in orders

9090=x.com:80 as latency 250ms
                         ^ latency was read as the name: as orders latency 250ms

9090=x.com:80 latency 5ms as web
                          ^ faults come last: as web latency 5ms

9090=tls://x.com latency 5ms, alpn=h2
                              ^ faults come last: alpn=h2 latency 5ms

9090=x.com:80 as web, latency 5ms
                    ^ faults follow a name after a blank: as web latency 250ms

9090=https://x.com latency5ms
                          ^ needs a blank after latency: latency 250ms jitter=30ms dist=normal

9090=https://x.com 9091=https://y.com
                   ^ unknown fault "9091=https://y.com" (KINDS)

9090=https://x.com latency 5ms bandwidth 1MB/s
                               ^ needs "," before bandwidth: latency 5ms, bandwidth 1Mbit/s

9090=https://x.com/path latency 5ms
     ^ a mapping is written 9090=https://x.com; your application is then given http://localhost:9090/path
"#;

const WRONG_COMMANDS: &str = r#"
ad 9090=https://x.com
^ unknown command "ad": did you mean "add"? (COMMANDS)

Add 9090=https://x.com
^ unknown command "Add": did you mean "add"? (COMMANDS)

delete db
^ unknown command "delete" (COMMANDS)

:list
^ unknown command ":list": did you mean "list"? (COMMANDS)

9090=https://x.com
^ a mapping is added: add 9090=https://x.com

latency 250ms
^ faults are set: set all latency 250ms

add https://x.com
    ^ a mapping is written 9090=https://x.com; your application is then given http://localhost:9090

add 9090=htps://x.com latency 5ms
         ^ unknown protocol "htps": did you mean "https"? (http, https, psql, psqls, tls)

add 9090=x.com latency 5ms
              ^ needs a port: x.com:80, or a protocol: https://x.com

add 9090=x.com:80 latncy 5ms
                  ^ unknown fault "latncy": did you mean "latency"? (KINDS)

add 9090=x.com:80 latency 5ms down up
                                   ^ a direction is given already: up, down or both, once

remove db now
          ^ nothing may follow here: leave out "now"

set latency 250ms
    ^ set wants a proxy or all first: set all latency 250ms

set all latency 250ms,, bandwidth 1MB/s
                      ^ needs a fault before ",": EXAMPLE

set 大大 latency 250kB
                  ^ latency wants a time, not a size: 250ms, 1.5s

clear all latncy
          ^ unknown fault "latncy": did you mean "latency"? (KINDS)

clear all latency bandwidth
                  ^ nothing may follow here: leave out "bandwidth"

clear all latency,bandwidth
                 ^ nothing may follow here: leave out ",bandwidth"

bypass all yes
           ^ unknown word "yes" (on, off)

bypass all on now
              ^ nothing may follow here: leave out "now"

kill db
     ^ kill wants the number of a connection: kill 31

kill #31x
     ^ kill wants the number of a connection: kill 31

rename db a b
            ^ nothing may follow here: leave out "b"

rename db ä
          ^ "ä" cannot stand in a name: it has letters from a to z, digits, "-", "_" and ".", as in orders

kill 31 hard
        ^ unknown word "hard" (rst, fin)

kill 99999999999999999999
     ^ kill wants the number of a connection: kill 31

kill 31 rst now
            ^ nothing may follow here: leave out "now"

list all
     ^ nothing may follow here: leave out "all"

quit now
     ^ nothing may follow here: leave out "now"

9090
^ unknown command "9090" (COMMANDS)

clear all up
          ^ unknown fault "up" (KINDS)
"#;

const UNFINISHED_COMMANDS: &str = r#"
a
^ unknown command "a" (COMMANDS)

add
   ^ needs a mapping: 9090=https://host

add 9090
        ^ needs "=": 9090=https://host

add 9090=x:80 late
              ^ unknown fault "late": did you mean "latency"? (KINDS)

remove
      ^ remove wants a proxy: remove my-db

rename
      ^ rename wants a proxy and its new name: rename my-db orders

rename db
         ^ needs a name, as in orders

s
^ unknown command "s" (COMMANDS)

set
   ^ set wants a proxy or all: set all latency 250ms

set db
      ^ needs a fault: EXAMPLE

set db lat
          ^ latency wants a time: 250ms, 1.5s

set db latency 250
                  ^ a time needs a unit: 250ms

clear
     ^ clear wants a proxy or all: clear all

clear all b
          ^ unknown fault "b" (KINDS)

bypass
      ^ bypass wants a proxy or all: bypass all on

bypass db
         ^ bypass wants on or off: bypass all on

bypass db o
          ^ unknown word "o" (on, off)

kill
    ^ kill wants the number of a connection: kill 31

kill #
     ^ kill wants the number of a connection: kill 31

kill 31 r
        ^ unknown word "r" (rst, fin)
"#;
