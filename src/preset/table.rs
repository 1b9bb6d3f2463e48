//! The presets themselves: a row for each network, with its figures and their source.

use super::Preset;

/// From this rate down on, in kilobits per second, a queue of 50 packets is no longer what a network would have.
const FAST: u32 = 10_000;

/// A network that limits the rate, in kilobits per second, and delays by so many milliseconds; down and up. A slow one has a
/// queue of 50 packets of 1,500 bytes: dummynet's default, with which WebPageTest's figures are measured.
const fn network(
    name: &'static str,
    [down, up]: [u32; 2],
    [slow_down, slow_up]: [u32; 2],
) -> Preset {
    Preset {
        down_kbit: Some(down),
        up_kbit: Some(up),
        queue: if down < FAST { " queue=75kB" } else { "" },
        ..path(name, [slow_down * 1_000, slow_up * 1_000])
    }
}

/// A path with a delay of so many microseconds alone, down and up.
const fn path(name: &'static str, [delay_down_us, delay_up_us]: [u32; 2]) -> Preset {
    Preset {
        name,
        down_kbit: None,
        up_kbit: None,
        delay_down_us,
        delay_up_us,
        jitter_us: 0,
        queue: "",
        link: "",
        more: "",
        source: "",
    }
}

// === impl Preset ===

impl Preset {
    /// This preset with other faults beside it.
    const fn with(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// This preset, with where its figures come from.
    const fn from(self, source: &'static str) -> Self {
        Self { source, ..self }
    }
}

const JUDGEMENT: &str = "BeanNetworkTester; a judgement, not a measurement";

const MADE: &str =
    "a trace of our own making (assets/traces), no recording; delay and queue are a judgement";

/// Every preset, from slow to fast, then the troubled ones.
pub static PRESETS: &[Preset] = &[
    network("dial-up", [49, 30], [60, 60]).from("WebPageTest Dial"),
    network("2g", [35, 32], [650, 650]).from("ATC 2G developing urban = WebPageTest 2G"),
    network("edge", [240, 200], [400, 440])
        .from("ATC Edge average = Apple Network Link Conditioner Edge"),
    network("edge-lossy", [240, 200], [400, 440])
        .with("loss 1%")
        .from("ATC Edge lossy"),
    network("3g-slow", [780, 330], [100, 100])
        .from("ATC 3G average = Apple Network Link Conditioner 3G"),
    network("3g", [1_600, 768], [150, 150]).from("WebPageTest 3G"),
    network("slow-4g", [1_600, 750], [75, 75])
        .from("Chrome DevTools and Lighthouse slow 4G, target round trip 150 ms"),
    network("fast-4g", [9_000, 1_500], [30, 30])
        .from("Chrome DevTools fast 4G, target round trip 60 ms"),
    network("dsl", [1_500, 384], [25, 25]).from("WebPageTest DSL"),
    Preset {
        link: " fair=on",
        ..network("dsl-fq", [1_500, 384], [25, 25])
    }
    .from("WebPageTest DSL, with a queue for each connection, as fq_codel has them: bufferbloat's cure"),
    network("cable", [5_000, 1_000], [14, 14]).from("WebPageTest Cable"),
    network("fibre", [20_000, 5_000], [2, 2]).from("WebPageTest FIOS"),
    network("wifi", [30_000, 15_000], [1, 1]).from("Firefox developer tools Wi-Fi"),
    Preset {
        jitter_us: 40_000,
        ..network("wifi-lossy", [4_096, 2_048], [80, 80])
    }
    .with("loss 2%")
    .from(JUDGEMENT),
    Preset {
        queue: "",
        link: " queue=2s",
        ..network("bufferbloat", [8_192, 1_024], [10, 10])
    }
    .from(JUDGEMENT),
    Preset {
        jitter_us: 8_000,
        ..network("starlink", [104_710, 14_840], [22, 23])
    }
    .from("Ookla Q1 2025, median of the USA"),
    network("geo-satellite", [47_790, 2_430], [341, 342])
        .with("loss 1%")
        .from("Ookla Q1 2025 (down) and Q2 2021 (up), HughesNet"),
    network("in-flight", [1_000, 1_000], [375, 375])
        .with("loss 7%")
        .from("Rula et al., WWW 2018 (delay, loss); the rates are a judgement"),
    network("very-bad", [1_000, 1_000], [500, 500])
        .with("loss 10%")
        .from("Apple Network Link Conditioner Very Bad Network, as widely repeated"),
    path("lte-moving", [35_000, 35_000])
        .with("bandwidth trace=@lte-moving queue=750kB framing=ip")
        .from(MADE),
    path("train", [40_000, 40_000])
        .with("bandwidth trace=@train queue=750kB framing=ip")
        .from(MADE),
    path("cross-zone", [800, 800])
        .from("Microsoft's figures for zones of UK South, round trip 1.55 ms"),
    path("transatlantic", [37_000, 38_000])
        .from("New York to London, 70 to 80 ms by published route figures"),
    path("offline", [0, 0])
        .with("blackhole")
        .from("the offline mode of all of them"),
];
