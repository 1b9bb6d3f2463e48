//! How often the resolver is asked, and who waits for whom.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::*;

/// Look-ups in which names that begin with `hung` get no answer before the sender is dropped, and how often the resolver was
/// asked.
fn hanging() -> (LookUps, mpsc::SyncSender<()>, Arc<AtomicUsize>) {
    let (release, released) = mpsc::sync_channel::<()>(0);
    let released = Mutex::new(released);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let look_ups = LookUps::by(move |name| {
        count.fetch_add(1, Ordering::SeqCst);
        if name.starts_with("hung") {
            let _ = released.lock().recv();
        }
        Ok(vec![(Ipv4Addr::LOCALHOST, 0).into()])
    });
    (look_ups, release, asked)
}

#[tokio::test]
async fn look_ups_of_one_name_at_the_same_time_are_one() {
    let (look_ups, release, asked) = hanging();
    let mut waiting: Vec<_> = (0..300).map(|_| Box::pin(look_ups.find("hung"))).collect();
    for find in &mut waiting {
        assert!(find.as_mut().now_or_never().is_none());
    }
    // Those that go away do not take the answer from the others.
    waiting.truncate(200);
    drop(release);
    let found = join_all(waiting).await;
    assert!(found.iter().all(Result::is_ok));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn hundreds_of_hung_look_ups_do_not_delay_another_name() {
    let (look_ups, release, _) = hanging();
    let names: Vec<String> = (0..MOST - 1).map(|n| format!("hung-{n}")).collect();
    let mut waiting: Vec<_> = names
        .iter()
        .map(|name| Box::pin(look_ups.find(name)))
        .collect();
    for find in &mut waiting {
        assert!(find.as_mut().now_or_never().is_none());
    }
    assert!(look_ups.find("quick").await.is_ok());
    // One more hangs, and the bound is reached: that is said at once, and none waits for it.
    assert!(look_ups.find("hung-last").now_or_never().is_none());
    let refused = look_ups.find("quick").now_or_never();
    assert!(matches!(refused, Some(Err(LookUpError::TooMany(MOST)))));
    drop(release);
    join_all(waiting).await;
}

#[tokio::test]
async fn nothing_is_remembered_of_a_look_up_that_has_ended() {
    let (look_ups, _release, asked) = hanging();
    for turn in 1..=3 {
        assert!(look_ups.find("quick").await.is_ok());
        assert_eq!(asked.load(Ordering::SeqCst), turn);
    }
    let running = look_ups.running.lock();
    assert_eq!((running.threads, running.names.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_is_not_joined_for_ever() {
    let (look_ups, release, asked) = hanging();
    let mut first = Box::pin(look_ups.find("hung"));
    assert!(first.as_mut().now_or_never().is_none());
    tokio::time::advance(JOINED).await;
    let mut second = Box::pin(look_ups.find("hung"));
    assert!(second.as_mut().now_or_never().is_none());
    drop(release);
    assert!(first.await.is_ok() && second.await.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(look_ups.running.lock().names.is_empty());
}

#[tokio::test]
async fn a_failure_is_told_to_all_that_wait() {
    let (release, released) = mpsc::sync_channel::<()>(0);
    let released = Mutex::new(released);
    let look_ups = LookUps::by(move |_| {
        let _ = released.lock().recv();
        Err(io::Error::other("no such name"))
    });
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(look_ups.find("gone"))).collect();
    for find in &mut waiting {
        assert!(find.as_mut().now_or_never().is_none());
    }
    drop(release);
    for found in join_all(waiting).await {
        let Err(LookUpError::Failed(error)) = found else {
            panic!("found: {found:?}");
        };
        assert_eq!(error.to_string(), "no such name");
    }
}
