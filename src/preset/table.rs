//! The table of presets.

use super::Preset;

/// A network that limits the rate.
const fn network(
    name: &'static str,
    [down, up]: [u32; 2],
    [delay_down, delay_up]: [u32; 2],
    source: &'static str,
) -> Preset {
    Preset {
        name,
        down_kbit: Some(down),
        up_kbit: Some(up),
        delay_down_us: delay_down * 1_000,
        delay_up_us: delay_up * 1_000,
        jitter_us: 0,
        link: "",
        more: "",
        source,
    }
}

/// A path with a delay of so many microseconds alone.
const fn path(
    name: &'static str,
    [delay_down_us, delay_up_us]: [u32; 2],
    source: &'static str,
) -> Preset {
    Preset {
        down_kbit: None,
        up_kbit: None,
        delay_down_us,
        delay_up_us,
        ..network(name, [0, 0], [0, 0], source)
    }
}

const JUDGEMENT: &str = "BeanNetworkTester; a judgement, not a measurement";

/// Every preset, from slow to fast, then the troubled ones.
pub static PRESETS: &[Preset] = &[
    network("dial-up", [49, 30], [60, 60], "WebPageTest Dial"),
    network(
        "2g",
        [35, 32],
        [650, 650],
        "ATC 2G developing urban = WebPageTest 2G",
    ),
    network(
        "edge",
        [240, 200],
        [400, 440],
        "ATC Edge average = Apple Network Link Conditioner Edge",
    ),
    Preset {
        more: "loss 1%",
        ..network("edge-lossy", [240, 200], [400, 440], "ATC Edge lossy")
    },
    network(
        "3g-slow",
        [780, 330],
        [100, 100],
        "ATC 3G average = Apple Network Link Conditioner 3G",
    ),
    network("3g", [1_600, 768], [150, 150], "WebPageTest 3G"),
    network(
        "slow-4g",
        [1_600, 750],
        [75, 75],
        "Chrome DevTools and Lighthouse slow 4G, target round trip 150 ms",
    ),
    network(
        "fast-4g",
        [9_000, 1_500],
        [30, 30],
        "Chrome DevTools fast 4G, target round trip 60 ms",
    ),
    network("dsl", [1_500, 384], [25, 25], "WebPageTest DSL"),
    network("cable", [5_000, 1_000], [14, 14], "WebPageTest Cable"),
    network("fibre", [20_000, 5_000], [2, 2], "WebPageTest FIOS"),
    network(
        "wifi",
        [30_000, 15_000],
        [1, 1],
        "Firefox developer tools Wi-Fi",
    ),
    Preset {
        jitter_us: 40_000,
        more: "loss 2%",
        ..network("wifi-lossy", [4_096, 2_048], [80, 80], JUDGEMENT)
    },
    Preset {
        link: " queue=2s",
        ..network("bufferbloat", [8_192, 1_024], [10, 10], JUDGEMENT)
    },
    Preset {
        jitter_us: 8_000,
        ..network(
            "starlink",
            [104_710, 14_840],
            [22, 23],
            "Ookla Q1 2025, median of the USA",
        )
    },
    Preset {
        more: "loss 1%",
        ..network(
            "geo-satellite",
            [47_790, 2_430],
            [341, 342],
            "Ookla Q1 2025 (down) and Q2 2021 (up), HughesNet",
        )
    },
    Preset {
        more: "loss 7%",
        ..network(
            "in-flight",
            [1_000, 1_000],
            [375, 375],
            "Rula et al., WWW 2018 (delay, loss); the rates are a judgement",
        )
    },
    Preset {
        more: "loss 10%",
        ..network(
            "very-bad",
            [1_000, 1_000],
            [500, 500],
            "Apple Network Link Conditioner Very Bad Network, as widely repeated",
        )
    },
    path(
        "cross-zone",
        [800, 800],
        "Microsoft's figures for zones of UK South, round trip 1.55 ms",
    ),
    path(
        "transatlantic",
        [37_000, 38_000],
        "New York to London, 70 to 80 ms by published route figures",
    ),
    Preset {
        more: "blackhole",
        ..path("offline", [0, 0], "the offline mode of all of them")
    },
];
