//! What `assets` has for containers: that it can be read, says what it means in words of this program, and leaves out what linters
//! warn of.
#![cfg(feature = "api")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use faultboard::cli::{self, Command, Options};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

fn asset(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets")
        .join(name);
    std::fs::read_to_string(path).expect("a file of assets")
}

fn yaml(name: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&asset(name)).expect("YAML");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn words(list: &Yaml) -> Vec<String> {
    let list = list.as_vec().expect("a list").iter();
    list.map(|word| word.as_str().expect("a word").to_owned())
        .collect()
}

/// What a command line comes to.
#[derive(Debug)]
enum Does {
    Toxiproxy(Options, Option<PathBuf>),
    Desk(Options),
    Ping,
}

/// Reads a command line, which begins with the path of the program.
fn read(words: &[String]) -> Does {
    let typed: Vec<OsString> = words.iter().map(Into::into).collect();
    let read = cli::read(&typed).unwrap_or_else(|error| panic!("{words:?}: {error:?}"));
    let options = |run| {
        let options = Options::read(run, &read.mappings);
        options.unwrap_or_else(|why| panic!("{words:?}: {why:?}"))
    };
    match read.command {
        Some(Command::Toxiproxy(args)) => {
            let (run, drop_in) = args.read().expect("a host");
            Does::Toxiproxy(options(run), drop_in.config)
        }
        Some(Command::Ping { address: None, .. }) => Does::Ping,
        None => Does::Desk(options(read.run)),
        Some(other) => panic!("{words:?}: {other:?}"),
    }
}

/// The last image that the `Containerfile` makes: an instruction and what it says, a line each.
fn image() -> Vec<(String, String)> {
    let text = asset("Containerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    let pairs: Vec<_> = pairs
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect();
    let last = pairs.iter().rposition(|(word, _)| word == "FROM");
    pairs[last.expect("an image")..].to_vec()
}

fn instruction(word: &str) -> String {
    let mut found = image().into_iter().filter(|(other, _)| other == word);
    let (_, rest) = found.next().unwrap_or_else(|| panic!("{word}"));
    assert!(found.next().is_none(), "{word} stands once");
    rest
}

/// The words of an instruction, which are JSON: no shell is there to split them.
fn list(word: &str) -> Vec<String> {
    serde_json::from_str(&instruction(word)).expect("words as JSON")
}

/// What the image does with these words in the place of its own, and the file that it reads.
fn started(words: Vec<String>) -> (Options, Option<PathBuf>) {
    match read(&[list("ENTRYPOINT"), words].concat()) {
        Does::Toxiproxy(options, config) => (options, config),
        other => panic!("{other:?}"),
    }
}

fn is_ping(words: &[String]) -> bool {
    matches!(read(words), Does::Ping)
}

#[test]
fn the_image_is_the_program_alone_and_stands_for_toxiproxys() {
    assert_eq!(instruction("FROM"), "scratch");
    assert_eq!(instruction("EXPOSE"), "8474");
    let user = instruction("USER");
    assert!(
        !user.starts_with('0') && !user.starts_with("root"),
        "{user}"
    );
    let known = [
        "FROM",
        "LABEL",
        "COPY",
        "USER",
        "EXPOSE",
        "ENTRYPOINT",
        "CMD",
    ];
    for (word, _) in image() {
        assert!(known.contains(&&*word), "nothing runs in it: {word}");
    }
    let (options, _) = started(list("CMD"));
    assert_eq!(options.engine.bind, [Ipv4Addr::UNSPECIFIED]);
    assert!(options.api.api.is_some());
    // Every name that the image is called by stands in its root.
    let text = asset("Containerfile");
    for name in ["toxiproxy", "toxiproxy-server"] {
        assert!(
            text.contains(&format!("ln -s faultboard /image/{name}")),
            "{name}"
        );
    }
}

#[test]
fn the_file_that_builds_it_has_what_linters_ask_for() {
    let text = asset("Containerfile");
    for line in text.lines().filter(|line| line.starts_with("FROM ")) {
        let from = line.split(' ').nth(1).expect("an image");
        let is_pinned = from.split_once(':').is_some_and(|(_, tag)| tag != "latest");
        assert!(from == "scratch" || is_pinned, "{line}");
    }
    assert!(text.contains("apt-get install -y --no-install-recommends"));
    assert!(text.contains("rm -rf /var/lib/apt/lists/*"));
    assert!(text.contains("WORKDIR /") && !text.contains("\nADD "));
    let manifest = include_str!("../Cargo.toml");
    let least = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let least: f32 = least.expect("a version").trim_matches('"')[2..]
        .parse()
        .expect("a number");
    let (_, version) = text.split_once("FROM rust:1.").expect("a toolchain");
    let version: f32 = version
        .split('-')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(version >= least, "its toolchain builds it");
    let ignored = asset("Containerfile.dockerignore");
    assert!(ignored.lines().any(|line| line == "/target"));
}

/// The ports at which the proxies of `proxies.json` listen, all of them where a container is reached.
fn proxies() -> BTreeSet<String> {
    let proxies: Vec<Value> = serde_json::from_str(&asset("proxies.json")).expect("JSON");
    let listens = proxies.iter().map(|proxy| {
        let upstream = proxy["upstream"].as_str().expect("an upstream");
        faultboard::mapping::parse_upstream(upstream).expect("an upstream");
        for toxic in proxy["toxics"].as_array().into_iter().flatten() {
            let kind = toxic["type"]
                .as_str()
                .and_then(faultboard::toxic::ToxicType::named);
            let kind = kind.expect("a type of toxic");
            for name in toxic["attributes"].as_object().expect("attributes").keys() {
                assert!(kind.attributes.iter().any(|own| own.name == name), "{name}");
            }
        }
        let listen = proxy["listen"].as_str().expect("an address");
        let (host, port) = listen.split_once(':').expect("a port");
        assert_eq!(host, "0.0.0.0", "loopback is the container's own");
        port.to_owned()
    });
    listens.collect()
}

#[test]
fn the_compose_file_starts_it_with_its_proxies_and_asks_for_its_health() {
    let compose = yaml("compose.yaml");
    let service = &compose["services"]["faultboard"];
    assert_eq!(
        service["build"]["dockerfile"].as_str(),
        Some("assets/Containerfile")
    );
    let (_, config) = started(words(&service["command"]));
    let mount = words(&service["volumes"]).remove(0);
    let [from, to, mode]: [&str; 3] = mount
        .split(':')
        .collect::<Vec<_>>()
        .try_into()
        .expect("from, to and a mode");
    assert_eq!((config.as_deref(), mode), (Some(Path::new(to)), "ro"));
    assert!(!asset(from.trim_start_matches("./")).is_empty());
    // What is published is what listens, on this machine alone.
    let published = words(&service["ports"]);
    let published: BTreeSet<_> = published
        .iter()
        .map(|port| {
            let parts: Vec<_> = port.split(':').collect();
            assert_eq!((parts[0], parts[1]), ("127.0.0.1", parts[2]), "{port}");
            parts[2].to_owned()
        })
        .collect();
    let mut wanted = proxies();
    wanted.insert("8474".to_owned());
    assert_eq!(published, wanted);
    let test = words(&service["healthcheck"]["test"]);
    assert_eq!(test[0], "CMD", "no shell is there");
    assert!(is_ping(&test[1..]));
}

#[test]
fn the_sidecar_is_one_that_a_pod_waits_for_and_outlives() {
    let pod = yaml("sidecar.yaml");
    let sidecar = &pod["spec"]["initContainers"][0];
    assert_eq!(sidecar["restartPolicy"].as_str(), Some("Always"));
    let Does::Desk(options) = read(&words(&sidecar["command"])) else {
        panic!("a desk of its own");
    };
    assert!(options.api.api_fixed && options.api.api.is_some());
    assert!(options.engine.bind.iter().all(IpAddr::is_loopback));
    assert_eq!(options.output, cli::Output::Json, "no terminal is there");
    for probe in ["startupProbe", "livenessProbe"] {
        let asks = words(&sidecar[probe]["exec"]["command"]);
        assert!(is_ping(&asks), "{probe}");
    }
    let context = &sidecar["securityContext"];
    assert_eq!(context["runAsNonRoot"].as_bool(), Some(true));
    assert_eq!(context["readOnlyRootFilesystem"].as_bool(), Some(true));
    let user = context["runAsUser"].as_i64().expect("a user").to_string();
    assert!(instruction("USER").starts_with(&user));
    let image = sidecar["image"].as_str().expect("an image");
    assert_eq!(image, format!("faultboard:{}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_line_that_debugs_a_container_is_one() {
    let readme = include_str!("../README.md");
    let mut lines = readme.lines().map(str::trim);
    let line = lines
        .find(|line| line.starts_with("docker run"))
        .expect("the line");
    let (_, own) = line.split_once("--entrypoint ").expect("the program");
    let (program, rest) = own.split_once(" faultboard ").expect("the image");
    let words: Vec<_> = [program].into_iter().chain(rest.split(' ')).collect();
    let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
    let Does::Desk(options) = read(&words) else {
        panic!("a console of its own: {line}");
    };
    assert_eq!(options.output, cli::Output::Console);
    assert_eq!(words[0], "/faultboard");
}
