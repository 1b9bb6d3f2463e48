//! Whether colours can be read and told apart, on dark and light grounds.

use ratatui::style::Modifier;

use super::*;

const PAINTED: [Role; 5] = [
    Role::Injected,
    Role::Measured,
    Role::Good,
    Role::Trouble,
    Role::Second,
];

type Linear = [f64; 3];

/// What colour-blind eyes see of linear light, by Machado, Oliveira and Fernandes (2009) at full severity.
const EYES: [(&str, [Linear; 3]); 4] = [
    (
        "normal",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

type Rgb = (u8, u8, u8);

/// What is behind the text: black and white, and what many have instead of them.
const GROUNDS: [(Ground, Rgb); 4] = [
    (Ground::Dark, (0, 0, 0)),
    (Ground::Dark, (0x28, 0x2a, 0x36)),
    (Ground::Light, (255, 255, 255)),
    (Ground::Light, (0xfd, 0xf6, 0xe3)),
];

/// The colours of the sixteen that themes use, as xterm has them, and as the terminal has them whose dark ground is not
/// black (Dracula's).
const XTERM: [(Color, Rgb); 5] = [
    (Color::LightYellow, (255, 255, 0)),
    (Color::Cyan, (0, 205, 205)),
    (Color::LightRed, (255, 0, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Red, (205, 0, 0)),
];
const DRACULA: [(Color, Rgb); 3] = [
    (Color::LightYellow, (255, 255, 165)),
    (Color::Cyan, (139, 233, 253)),
    (Color::LightRed, (255, 110, 110)),
];

fn theme(ground: Ground, depth: Depth, high_contrast: bool) -> Theme {
    Theme {
        ground,
        depth,
        high_contrast,
        ..Theme::default()
    }
}

fn shown(role: Role, theme: Theme) -> Color {
    theme.colour(Style::from(role).fg.expect("a colour"))
}

/// The colours of a theme as a terminal shows them on this ground, without those that are the terminal's own text.
fn painted(theme: Theme, behind: Rgb) -> Vec<(Role, Rgb)> {
    let own = |colour| {
        let dracula = DRACULA.iter().filter(|_| behind == GROUNDS[1].1);
        let mut sixteen = dracula.chain(&XTERM);
        sixteen
            .find(|(known, _)| *known == colour)
            .expect("known")
            .1
    };
    let roles = PAINTED.into_iter();
    let painted = roles.map(|role| match shown(role, theme) {
        Color::Rgb(red, green, blue) => (role, Some((red, green, blue))),
        Color::Indexed(index) => (role, Some(cube(index))),
        Color::Reset => (role, None),
        colour => (role, Some(own(colour))),
    });
    painted
        .filter_map(|(role, rgb)| Some((role, rgb?)))
        .collect()
}

/// Every theme with colours, on every ground that it is for.
fn themes() -> impl Iterator<Item = (Theme, Rgb)> {
    GROUNDS.into_iter().flat_map(|(ground, behind)| {
        [Depth::Ansi, Depth::Indexed, Depth::True]
            .into_iter()
            .flat_map(move |depth| [false, true].map(|high| (theme(ground, depth, high), behind)))
    })
}

fn linear((r, g, b): Rgb) -> Linear {
    [r, g, b].map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn luminance(rgb: Rgb) -> f64 {
    let [r, g, b] = linear(rgb);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The contrast of WCAG 2.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// A colour of xterm's cube.
fn cube(index: u8) -> Rgb {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let index = index - 16;
    (level(index / 36), level(index / 6 % 6), level(index % 6))
}

fn lab(light: Linear) -> Linear {
    let [red, green, blue] = light.map(|channel| channel.clamp(0.0, 1.0));
    let tristimulus = [
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.950_47,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.088_83,
    ];
    let [first, second, third] = tristimulus.map(|part: f64| {
        if part > 0.008_856 {
            part.cbrt()
        } else {
            7.787 * part + 16.0 / 116.0
        }
    });
    [
        116.0 * second - 16.0,
        500.0 * (first - second),
        200.0 * (second - third),
    ]
}

#[test]
fn every_colour_of_text_has_contrast_on_its_ground() {
    for (theme, behind) in themes() {
        // The terminal's own colours are as they are.
        let ours = theme.depth != Depth::Ansi;
        let least = if theme.high_contrast && ours {
            6.0
        } else {
            4.5
        };
        for (role, rgb) in painted(theme, behind) {
            let contrast = contrast(rgb, behind);
            assert!(
                contrast >= least,
                "{role:?} on {behind:?}: {contrast:.1}, {theme:?}"
            );
        }
    }
}

#[test]
fn colour_blind_eyes_tell_every_two_colours_apart() {
    for (theme, behind) in themes() {
        let painted = painted(theme, behind);
        for (eye, matrix) in EYES {
            let seen = painted.iter().map(|(role, rgb)| {
                let light = linear(*rgb);
                let light = matrix.map(|row| row.iter().zip(light).map(|(a, b)| a * b).sum());
                (role, lab(light))
            });
            let seen: Vec<_> = seen.collect();
            for (at, (role, one)) in seen.iter().enumerate() {
                for (beside, other) in &seen[at + 1..] {
                    let squares = one.iter().zip(other).map(|(a, b)| (a - b).powi(2));
                    let apart = squares.sum::<f64>().sqrt();
                    let what = format!("{eye}: {role:?}, {beside:?}: {apart:.1}, {theme:?}");
                    assert!(apart >= 15.0, "{what}");
                }
            }
        }
    }
}

#[test]
fn on_an_unknown_ground_the_sixteen_colours_are_not_trusted() {
    for role in PAINTED {
        let unknown = theme(Ground::Unknown, Depth::Ansi, false);
        assert_eq!(shown(role, unknown), Color::Reset);
        for depth in [Depth::Indexed, Depth::True] {
            let dark = shown(role, theme(Ground::Dark, depth, false));
            assert_eq!(shown(role, theme(Ground::Unknown, depth, false)), dark);
        }
    }
}

#[test]
fn with_high_contrast_nothing_is_dim() {
    for (high_contrast, dim) in [(false, Modifier::DIM), (true, Modifier::empty())] {
        let mut buf = Buffer::empty(ratatui::layout::Rect::new(0, 0, 1, 1));
        buf[(0, 0)].set_style(Role::Rest);
        theme(Ground::Dark, Depth::True, high_contrast).finish(&mut buf);
        assert_eq!(buf[(0, 0)].modifier, dim);
    }
}

#[test]
fn a_wish_is_stronger_than_what_the_terminal_says_but_gives_it_no_colours() {
    let terminal = theme(Ground::Unknown, Depth::Indexed, false);
    for (scheme, wanted) in [
        (Scheme::Auto, terminal),
        (Scheme::Dark, theme(Ground::Dark, Depth::Indexed, false)),
        (Scheme::Light, theme(Ground::Light, Depth::Indexed, false)),
        (Scheme::Ansi, theme(Ground::Unknown, Depth::Ansi, false)),
        (Scheme::Mono, theme(Ground::Unknown, Depth::Mono, false)),
        (
            Scheme::HighContrast,
            theme(Ground::Unknown, Depth::Indexed, true),
        ),
    ] {
        assert_eq!(terminal.wished(scheme, Glyphs::Auto), wanted, "{scheme:?}");
        let mono = Theme::MONO.wished(scheme, Glyphs::Ascii);
        assert_eq!((mono.depth, mono.charset), (Depth::Mono, Charset::Ascii));
    }
}

#[expect(clippy::too_many_lines, reason = "three tables of terminals")]
#[test]
fn the_environment_chooses_depth_and_glyphs() {
    let theme = |variables: &'static [(&str, &str)]| {
        Theme::of_environment(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    for (variables, depth) in [
        (
            &[("COLORTERM", "truecolor"), ("TERM", "xterm")][..],
            Depth::True,
        ),
        (
            &[("COLORTERM", "truecolor"), ("NO_COLOR", "1")],
            Depth::Mono,
        ),
        (&[("COLORTERM", "truecolor"), ("NO_COLOR", "")], Depth::True),
        (&[("TERM", "xterm-256color")], Depth::Indexed),
        (&[("TERM", "xterm")], Depth::Ansi),
        (&[("TERM", "dumb"), ("COLORTERM", "24bit")], Depth::Mono),
        (&[("OS", "Windows_NT"), ("WT_SESSION", "b1")], Depth::True),
        (&[("OS", "Windows_NT")], Depth::Ansi),
    ] {
        assert_eq!(theme(variables).depth, depth, "{variables:?}");
    }
    for (variables, charset) in [
        (&[("LANG", "en_US.UTF-8")][..], Charset::Unicode),
        (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], Charset::Ascii),
        (
            &[("LANG", "en_US.UTF-8"), ("TERM", "linux")],
            Charset::Ascii,
        ),
        (
            &[("LANG", "en_US.UTF-8"), ("TERM", "xterm")],
            Charset::Unicode,
        ),
        (
            &[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8")],
            Charset::Unicode,
        ),
        (
            &[("OS", "Windows_NT"), ("WT_SESSION", "b1")],
            Charset::Unicode,
        ),
        (&[("OS", "Windows_NT")], Charset::Ascii),
        (&[("LANG", "C"), ("WT_SESSION", "b1")], Charset::Ascii),
        (&[], Charset::Ascii),
    ] {
        assert_eq!(theme(variables).charset, charset, "{variables:?}");
    }
    for (variables, ground) in [
        (&[("COLORFGBG", "0;15")][..], Ground::Light),
        (&[("COLORFGBG", "15;0")], Ground::Dark),
        (&[("COLORFGBG", "15;default")], Ground::Unknown),
        (&[("TERM", "linux")], Ground::Dark),
        (&[("OS", "Windows_NT")], Ground::Dark),
        (
            &[("OS", "Windows_NT"), ("WT_SESSION", "b1")],
            Ground::Unknown,
        ),
        (&[], Ground::Unknown),
    ] {
        assert_eq!(theme(variables).ground, ground, "{variables:?}");
    }
}

#[test]
fn the_background_is_never_painted() {
    for role in PAINTED
        .into_iter()
        .chain([Role::Plain, Role::Rest, Role::Title])
    {
        assert_eq!(Style::from(role).bg, None);
        assert_eq!(role.selected().bg, None);
        for depth in [Depth::Mono, Depth::Ansi, Depth::Indexed, Depth::True] {
            for ground in [Ground::Dark, Ground::Light] {
                let mut buf = Buffer::empty(ratatui::layout::Rect::new(0, 0, 1, 1));
                buf[(0, 0)].set_style(role.selected());
                theme(ground, depth, false).finish(&mut buf);
                assert_eq!(buf[(0, 0)].bg, Color::Reset);
            }
        }
    }
}

#[test]
fn without_colours_what_is_set_and_what_is_wrong_stay_bold() {
    for role in PAINTED {
        assert_eq!(shown(role, Theme::MONO), Color::Reset);
    }
    let added = |role| Style::from(role).add_modifier;
    assert_eq!(added(Role::Injected), Modifier::BOLD);
    assert_eq!(added(Role::Trouble), Modifier::BOLD);
    assert_eq!(added(Role::Measured), Modifier::empty());
}

#[test]
fn ascii_stands_for_every_glyph_and_leaves_ascii_alone() {
    assert_eq!(ascii("a"), None);
    assert_eq!(ascii("●"), Some('*'));
    assert_eq!(ascii("⡇"), Some(':'));
    assert_eq!(ascii("⣀"), Some('.'));
    assert_eq!(ascii("⠉"), Some('\''));
    assert_eq!(ascii("字"), Some('?'));
}
