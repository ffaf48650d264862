//! What a scrape tells of the build and of allocators.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::{Base, Resource};
use obs_metrics::allocator::{self, Usage};
use obs_metrics::{Recorder, build};

use super::{base, text, value};

#[test]
fn the_build_is_told_once_with_what_is_known_of_it() {
    let mut service = Resource::new("or\"ders");
    for (key, value) in [
        ("service.version", "1.4.0"),
        ("vcs.ref.head.revision", "9d59409acf479dfa0df1aa568182e43e43df8bbe"),
        ("deployment.environment.name", "prod"),
    ] {
        service.set(key, value);
    }
    let check = |service: Resource, labels: &str| {
        let base = Base::new(service);
        build::register(&base);
        build::register(&base);
        let recorder = Recorder::builder(base).const_label("env", "test").build().unwrap();
        let (obs, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
        let expected =
            format!("\nbuild_info{{{labels},obs_version=\"{obs}\",os=\"{os}\",arch=\"{arch}\"}} 1.0\n");
        let text = text(&recorder);
        assert!(text.contains(&expected), "{expected}{text}");
    };
    check(
        service,
        r#"service="or\"ders",version="1.4.0",revision="9d59409acf479dfa0df1aa568182e43e43df8bbe",env="prod""#,
    );
    check(Resource::new("orders"), r#"service="orders",version="",revision="",env="""#);
}

#[test]
fn an_allocator_tells_what_it_knows_at_each_scrape() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    let allocated = Arc::new(AtomicU64::new(10));
    let reading = Arc::clone(&allocated);
    allocator::register(&base, "jemalloc", move || {
        Usage::new().allocated_bytes(reading.load(Ordering::Relaxed)).resident_bytes(20)
    });
    allocator::register(&base, "arena", || Usage::new().active_bytes(1).mapped_bytes(2).retained_bytes(3));
    allocated.store(11, Ordering::Relaxed);
    let text = text(&recorder);
    let told: Vec<_> = text.lines().filter(|line| line.starts_with("allocator_")).collect();
    assert_eq!(
        told,
        [
            r#"allocator_active_bytes{allocator="arena"} 1.0"#,
            r#"allocator_allocated_bytes{allocator="jemalloc"} 11.0"#,
            r#"allocator_mapped_bytes{allocator="arena"} 2.0"#,
            r#"allocator_resident_bytes{allocator="jemalloc"} 20.0"#,
            r#"allocator_retained_bytes{allocator="arena"} 3.0"#,
        ]
    );
}

#[test]
fn an_allocator_that_panics_leaves_the_scrape_whole_and_may_be_put_right() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    allocator::register(&base, "mad", || panic!("not today"));
    allocator::register(&base, "sane", || Usage::new().allocated_bytes(1));
    assert_eq!(value(&recorder, "allocator_allocated_bytes{allocator=\"sane\"}"), Some(1.0));
    allocator::register(&base, "mad", || Usage::new().allocated_bytes(2));
    assert_eq!(value(&recorder, "allocator_allocated_bytes{allocator=\"mad\"}"), Some(2.0));
    // Registered again, it is told in the place of before, and not added to it.
    allocator::register(&base, "sane", || Usage::new().allocated_bytes(5));
    assert_eq!(value(&recorder, "allocator_allocated_bytes{allocator=\"sane\"}"), Some(5.0));
}
