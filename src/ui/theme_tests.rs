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

fn shown(role: Role, ground: Ground, depth: Depth) -> Color {
    let theme = Theme {
        ground,
        depth,
        ..Theme::default()
    };
    theme.colour(Style::from(role).fg.expect("a colour"))
}

fn painted(role: Role, ground: Ground) -> (u8, u8, u8) {
    match shown(role, ground, Depth::True) {
        Color::Rgb(red, green, blue) => (red, green, blue),
        other => panic!("{role:?} is {other}"),
    }
}

fn indexed(role: Role, ground: Ground) -> u8 {
    match shown(role, ground, Depth::Indexed) {
        Color::Indexed(index) => index,
        other => panic!("{role:?} is {other}"),
    }
}

fn linear((r, g, b): (u8, u8, u8)) -> Linear {
    [r, g, b].map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn luminance(rgb: (u8, u8, u8)) -> f64 {
    let [r, g, b] = linear(rgb);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The contrast of WCAG 2.
fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// A colour of xterm's cube.
fn cube(index: u8) -> (u8, u8, u8) {
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
    for (ground, behind) in [(Ground::Dark, (0, 0, 0)), (Ground::Light, (255, 255, 255))] {
        for role in PAINTED {
            for rgb in [painted(role, ground), cube(indexed(role, ground))] {
                let contrast = contrast(rgb, behind);
                assert!(contrast >= 4.5, "{role:?} on {ground:?}: {contrast:.1}");
            }
        }
    }
}

#[test]
fn colour_blind_eyes_tell_every_two_roles_apart() {
    for ground in [Ground::Dark, Ground::Light] {
        for (eye, matrix) in EYES {
            let seen = PAINTED.map(|role| {
                let light = linear(painted(role, ground));
                lab(matrix.map(|row| row.iter().zip(light).map(|(a, b)| a * b).sum()))
            });
            for (at, one) in seen.iter().enumerate() {
                for (beyond, other) in seen[at + 1..].iter().enumerate() {
                    let squares = one.iter().zip(other).map(|(a, b)| (a - b).powi(2));
                    let apart = squares.sum::<f64>().sqrt();
                    let roles = (PAINTED[at], PAINTED[at + 1 + beyond]);
                    assert!(apart >= 15.0, "{eye}, {ground:?}, {roles:?}: {apart:.1}");
                }
            }
        }
    }
}

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
        (&[], Charset::Ascii),
    ] {
        assert_eq!(theme(variables).charset, charset, "{variables:?}");
    }
    assert_eq!(theme(&[("COLORFGBG", "0;15")]).ground, Ground::Light);
    assert_eq!(theme(&[("COLORFGBG", "15;0")]).ground, Ground::Dark);
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
                let theme = Theme {
                    ground,
                    depth,
                    charset: Charset::Unicode,
                };
                theme.finish(&mut buf);
                assert_eq!(buf[(0, 0)].bg, Color::Reset);
            }
        }
    }
}

#[test]
fn without_colours_what_is_set_and_what_is_wrong_stay_bold() {
    for role in PAINTED {
        assert_eq!(shown(role, Ground::Dark, Depth::Mono), Color::Reset);
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
