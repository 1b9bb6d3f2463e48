//! Changes, and who is counted as having taken them.

use std::net::Ipv4Addr;

use futures_util::FutureExt;

use super::*;
use crate::snapshot::Kill;

fn connection(settings: &Settings, number: u64) -> Arc<Record> {
    let client = (Ipv4Addr::LOCALHOST, 1).into();
    let record = Arc::new(Record::new(ConnId(number), client, Duration::ZERO));
    settings.enter(&record, 0);
    record
}

#[tokio::test]
async fn a_connection_that_wakes_up_in_the_midst_of_a_change_is_waited_for() {
    let settings = Settings::new(Plan::default(), &Arc::new(SharedLinks::new(clock::now())));
    let (waking, _idle) = (connection(&settings, 1), connection(&settings, 2));
    settings.reported(&waking, settings.generation(), Duration::ZERO);
    let change = settings.change(None, Plan::clear_all);
    let (_, change) = change.expect("whatever it was");
    // It looked at the settings just before the change, and says just after it that it moves bytes.
    waking.run();
    let mut taken = Box::pin(settings.taken_by_all(change, clock::now()));
    assert_eq!(taken.as_mut().now_or_never(), None);
    // So it looks once more, and finds the change.
    settings.reported(&waking, settings.generation(), Duration::ZERO);
    let taken = taken.await;
    assert_eq!((taken.taken, taken.of), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_reports_is_left_out_after_a_while() {
    let settings = Settings::new(Plan::default(), &Arc::new(SharedLinks::new(clock::now())));
    let (stuck, _idle) = (connection(&settings, 1), connection(&settings, 2));
    stuck.run();
    let change = settings.change(None, Plan::clear_all);
    let (_, change) = change.expect("whatever it was");
    let taken = settings.taken_by_all(change, clock::now()).await;
    assert_eq!((taken.taken, taken.of), (1, 2));
}

#[test]
fn a_connection_is_told_to_end_once() {
    let settings = Settings::new(Plan::default(), &Arc::new(SharedLinks::new(clock::now())));
    let record = connection(&settings, 1);
    let kill = || settings.order(ConnId(1), Order::Kill(Kill::Rst));
    assert_eq!((kill(), kill()), (true, false));
    assert_eq!(record.ordered(), Some(Order::Kill(Kill::Rst)));
}
