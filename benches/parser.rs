//! The languages: from text to data, and from a mistake to the line that explains it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use faultboard::{fault::language, mapping};

fn parsers(criterion: &mut Criterion) {
    for text in ["9090=localhost:5432", "35432=psql://my-db.default.svc:5432"] {
        criterion.bench_function(&format!("mapping {text}"), |bencher| {
            bencher.iter(|| mapping::parse(black_box(text)).expect("a mapping"));
        });
    }
    for text in [
        "latency 250ms",
        "latency 250ms jitter=30ms dist=normal down, bandwidth 1Mbit/s share=50%",
    ] {
        criterion.bench_function(&format!("faults {text}"), |bencher| {
            bencher.iter(|| language::parse(black_box(text)).expect("faults"));
        });
    }
    let mistake = "9090=htps://example.com";
    criterion.bench_function(&format!("mistake {mistake}"), |bencher| {
        bencher.iter(|| {
            mapping::parse(black_box(mistake))
                .expect_err("a mistake")
                .to_string()
        });
    });
}

criterion_group!(benches, parsers);
criterion_main!(benches);
