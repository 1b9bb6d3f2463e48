//! A plan in force: a proxy's plan together with when each of its settings was set, what each took the place of, and what the
//! proxy's connections share.
//!
//! A plan is what its user asked for; what it does at a time depends on when it was set. `InForce::succeed` is the only way
//! to put a plan in force, so that nobody forgets what came before: a setting that stays keeps its schedule, its wave and
//! its ramp, and a shared link goes on unless what is shared changed.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::motion::{Motion, place_in_trace};
use super::param::Unit;
use super::setting::{Schedule, Setting};
use super::shared::SharedLinks;
use super::stage::Circumstances;
use super::{Demands, Direction, Directions, Kind, Own, PerDirection, Plan, SettingName};
use crate::units::{ByteRate, Percent};

/// A plan as it acts since it was set. The default is no fault at all.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    plan: Arc<Plan>,
    /// Of each setting of the plan, in its order: when it was set, and in place of what.
    onsets: Vec<Onset>,
    /// What the connections of the proxy share, and those of the desk, where settings of one name ask for it.
    shared: Vec<(Option<SettingName>, Links)>,
    /// What the connections of all proxies of the desk share that ask for it.
    desk: Option<Arc<SharedLinks>>,
}

/// What connections share.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// Those of the proxy.
    pub(super) proxy: Arc<SharedLinks>,
    /// Those of all proxies of the desk.
    pub(super) desk: Option<Arc<SharedLinks>>,
}

/// When a setting was set.
#[derive(Clone, Copy, Debug)]
struct Onset {
    at: Instant,
    /// What the kind's first parameter was just before, where it had a number.
    from: PerDirection<Option<f64>>,
}

/// A setting as it acts in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct OneWay {
    /// The setting, with the values of that direction.
    pub setting: Setting,
    /// When it began to act by its schedule, or will.
    pub since: Instant,
    /// What its first parameter was just before it was set: in seconds, or in bytes per second. A ramp begins there.
    pub from: Option<f64>,
}

/// What settings ask of a new connection, whose number for a setting is `draw`.
fn demands_of<'a>(
    settings: impl Iterator<Item = Cow<'a, Setting>>,
    draw: impl Fn(&Setting) -> u64,
) -> Demands {
    let mut demands = Demands::default();
    for setting in settings {
        if let Some(open) = setting.kind.open {
            open(&setting, draw(&setting), &mut demands);
        }
    }
    demands
}

// === impl InForce ===

impl InForce {
    /// No fault, of a proxy whose desk has these links.
    #[must_use]
    pub fn of_desk(desk: Arc<SharedLinks>) -> Self {
        Self {
            desk: Some(desk),
            ..Self::default()
        }
    }

    /// Puts `plan` in force at `now` in place of `before`. What was set then stays set; the rest is set now.
    #[must_use]
    pub fn succeed(before: &Self, plan: Plan, now: Instant) -> Self {
        let onset = |setting: &Setting| {
            before.onset_of(setting).unwrap_or_else(|| Onset {
                at: now,
                from: PerDirection::from_fn(|direction| before.number(setting, direction, now)),
            })
        };
        let onsets = plan.settings().iter().map(onset).collect();
        Self {
            shared: before.links_of(&plan, now),
            plan: Arc::new(plan),
            onsets,
            desk: before.desk.clone(),
        }
    }

    /// What connections share under a plan that comes after this one: for the settings of each name what they shared before,
    /// unless one of them has changed.
    fn links_of(&self, plan: &Plan, now: Instant) -> Vec<(Option<SettingName>, Links)> {
        let asks = |setting: &Setting| setting.kind.shares.is_some_and(|shares| shares(setting));
        let mut shared: Vec<(Option<SettingName>, Links)> = Vec::new();
        for setting in plan.settings().iter().filter(|it| asks(it)) {
            let name = setting.name.as_ref();
            if shared.iter().any(|(other, _)| other.as_ref() == name) {
                continue;
            }
            let of_name = |plan: &Plan| -> Vec<Setting> {
                let settings = plan.settings().iter();
                let asking = settings.filter(|it| asks(it) && it.name.as_ref() == name);
                asking.cloned().collect()
            };
            let kept = || self.links(name).cloned();
            let kept = (of_name(plan) == of_name(&self.plan)).then(kept);
            let links = kept.flatten().unwrap_or_else(|| Links {
                proxy: Arc::new(SharedLinks::new(now)),
                desk: self.desk.as_ref().map(|desk| desk.of(name, now)),
            });
            shared.push((name.cloned(), links));
        }
        shared
    }

    /// This, as it acts on a connection with settings of its own since then. What its proxy's connections share is theirs
    /// still.
    #[must_use]
    pub fn with_own(&self, own: &Own, since: Instant) -> Self {
        Self {
            shared: self.shared.clone(),
            ..Self::succeed(self, own.over(&self.plan), since)
        }
    }

    /// What its user asked for.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What connections share by the settings of this name, where one asks for it.
    #[must_use]
    pub(super) fn links(&self, name: Option<&SettingName>) -> Option<&Links> {
        let mut shared = self.shared.iter();
        shared
            .find(|(other, _)| other.as_ref() == name)
            .map(|(_, links)| links)
    }

    /// The names under which a kind is set, by age, and first that it is set without one.
    pub fn names(&self, kind: &Kind) -> impl Iterator<Item = Option<&SettingName>> {
        let of_kind = self
            .plan
            .settings()
            .iter()
            .filter(move |it| it.kind == kind);
        // The settings of a name stand side by side.
        let mut before = None;
        of_kind
            .map(|it| it.name.as_ref())
            .filter(move |name| before.replace(*name) != Some(*name))
    }

    /// The setting of `kind` under this name that acts in `direction` at `now`; none while the faults are bypassed.
    #[must_use]
    pub fn acting(
        &self,
        kind: &Kind,
        name: Option<&SettingName>,
        direction: Direction,
        now: Instant,
    ) -> Option<OneWay> {
        let (setting, onset) = self.find(kind, name, direction)?;
        let acts = !self.plan.bypassed && onset.acts(setting, now);
        onset.one_way(setting, direction).filter(|_| acts)
    }

    /// When what acts next changes by itself, after `now`: a setting begins or ends to act, or its ramp has arrived.
    #[must_use]
    pub fn next_turn(&self, now: Instant) -> Option<Instant> {
        let turns = self.settings().flat_map(|(setting, onset)| {
            let ramp_ends = |direction| onset.one_way(setting, direction)?.motion()?.ramp_ends();
            let [up, down] = Direction::BOTH.map(ramp_ends);
            [onset.since(setting), onset.ends(setting), up, down]
        });
        turns.flatten().filter(|turn| *turn > now).min()
    }

    /// Whether a change to this plan concerns connections that hold nothing: it ends them, now or when it goes, or it changes by
    /// itself.
    #[must_use]
    pub fn concerns_idle(&self) -> bool {
        let concerns =
            |setting: &Setting| setting.kind.ends || setting.schedule != Schedule::default();
        self.ends_when_it_goes() || self.plan.settings().iter().any(concerns)
    }

    /// Whether a setting may end the connections that it acts on when it goes.
    #[must_use]
    pub fn ends_when_it_goes(&self) -> bool {
        let ends = |setting: &Setting| {
            setting
                .kind
                .lifts
                .is_some_and(|lifts| lifts(setting).is_some())
        };
        self.plan.settings().iter().any(ends)
    }

    /// The faults of the moment: the plan as it acts at `now`, in values that stand still. `None` where it is that itself.
    #[must_use]
    pub fn present(&self, now: Instant) -> Option<Plan> {
        let mut present = Plan::default();
        present.bypassed = self.plan.bypassed;
        for (setting, onset) in self.settings() {
            if onset.acts(setting, now) {
                let one_ways = Direction::BOTH.map(|direction| onset.one_way(setting, direction));
                let stilled = one_ways
                    .into_iter()
                    .flatten()
                    .filter_map(|it| it.stilled(now));
                present.set(setting.clone());
                stilled.for_each(|setting| present.set(setting));
            }
        }
        (present != *self.plan).then_some(present)
    }

    /// Of each setting that follows a trace: its kind, how far into the trace it is, and how long that is.
    pub fn traced(
        &self,
        now: Instant,
    ) -> impl Iterator<Item = (&'static Kind, Duration, Duration)> {
        let acting = self
            .settings()
            .filter(move |(it, onset)| onset.acts(it, now));
        acting.filter_map(move |(setting, onset)| {
            let past = now.saturating_duration_since(onset.since(setting)?);
            let (place, length) = place_in_trace(setting, past)?;
            Some((setting.kind, place, length))
        })
    }

    /// The settings that act at certain times only, and from when to when they do.
    pub fn scheduled(&self) -> impl Iterator<Item = (&Setting, Instant, Option<Instant>)> {
        let scheduled = self.settings();
        let scheduled = scheduled.filter(|(setting, _)| setting.schedule != Schedule::default());
        scheduled.filter_map(|(setting, onset)| {
            Some((setting, onset.since(setting)?, onset.ends(setting)))
        })
    }

    /// What the faults ask of a new connection, which `hits` says they hit or not, at `now`; `draw` is the connection's
    /// number for a setting.
    #[must_use]
    pub fn demands(
        &self,
        hits: impl Fn(&Setting) -> bool,
        draw: impl Fn(&Setting) -> u64,
        now: Instant,
    ) -> Demands {
        // What moves is what it is when the connection opens.
        let acting = self.acting_now(hits, now).map(|(setting, onset)| {
            let one_ways = Direction::BOTH.map(|direction| onset.one_way(setting, direction));
            let mut stilled = one_ways
                .into_iter()
                .flatten()
                .filter_map(|it| it.stilled(now));
            stilled.next().map_or(Cow::Borrowed(setting), Cow::Owned)
        });
        demands_of(acting, draw)
    }

    /// Whether all new connections are refused at `now`, so that the port is to be closed.
    #[must_use]
    pub fn refuses(&self, now: Instant) -> bool {
        let all = |setting: &Setting| setting.share == Percent::ALL;
        self.demands(all, |_| 0, now).refused.is_some()
    }

    /// Whether a fault is set that closes the port, now or at another time.
    #[must_use]
    pub fn mentions_refusal(&self) -> bool {
        let demands = demands_of(self.plan.settings().iter().map(Cow::Borrowed), |_| 0);
        demands.refused.is_some()
    }

    /// About how many bytes a second the settings that act at `now`, and that `hits` picks, let a stream pass in a
    /// direction; `None` where they slow none down. A rate that moves is taken as it was set.
    #[must_use]
    pub fn passes(
        &self,
        direction: Direction,
        hits: impl Fn(&Setting) -> bool,
        now: Instant,
    ) -> Option<ByteRate> {
        let round_trip = self.lengthened(&hits, now);
        let passes = |(setting, _): (&Setting, &Onset)| {
            let passes = setting.kind.passes?;
            passes(&setting.one_way(direction)?, round_trip)
        };
        let acting = self.acting_now(hits, now);
        acting.filter_map(passes).min()
    }

    /// About how many bytes a second pass in a direction of every new connection at `now`; `None` where no fault slows them
    /// all down.
    #[must_use]
    pub fn passes_of_all(&self, direction: Direction, now: Instant) -> Option<ByteRate> {
        let all = |setting: &Setting| setting.share == Percent::ALL;
        self.passes(direction, all, now)
    }

    /// Whether a fault is set that slows streams down, now or at another time.
    #[must_use]
    pub fn mentions_rate(&self) -> bool {
        let mut settings = self.plan.settings().iter();
        settings.any(|setting| setting.kind.passes.is_some())
    }

    /// What the faults add to a round trip of a connection at `now`.
    #[must_use]
    pub fn round_trip(&self, circumstances: &Circumstances, now: Instant) -> Duration {
        self.lengthened(|setting| circumstances.hits(setting), now)
    }

    /// What the settings that act at `now`, and that `hits` picks, add to a round trip.
    fn lengthened(&self, hits: impl Fn(&Setting) -> bool, now: Instant) -> Duration {
        let added = self.acting_now(hits, now).flat_map(|(setting, onset)| {
            let lengthens = setting.kind.lengthens;
            let one_way = |direction| onset.one_way(setting, direction);
            Direction::BOTH.map(|direction| Some(lengthens?(&one_way(direction)?, now)))
        });
        added
            .flatten()
            .fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The settings that act at `now`, of those that `hits` picks.
    fn acting_now(
        &self,
        hits: impl Fn(&Setting) -> bool,
        now: Instant,
    ) -> impl Iterator<Item = (&Setting, &Onset)> {
        self.settings().filter(move |(setting, onset)| {
            !self.plan.bypassed && onset.acts(setting, now) && hits(setting)
        })
    }

    fn settings(&self) -> impl Iterator<Item = (&Setting, &Onset)> {
        self.plan.settings().iter().zip(&self.onsets)
    }

    /// The setting of `kind` under this name in `direction`, whether it acts at present or not.
    fn find(
        &self,
        kind: &Kind,
        name: Option<&SettingName>,
        direction: Direction,
    ) -> Option<(&Setting, &Onset)> {
        self.settings()
            .find(|(it, _)| it.is(kind, name) && it.directions.contain(direction))
    }

    /// When a setting of another plan was set, where it is set here already: in each of its directions, and since one time.
    fn onset_of(&self, setting: &Setting) -> Option<Onset> {
        let same = |direction| {
            let (own, onset) = self.find(setting.kind, setting.name.as_ref(), direction)?;
            (own.one_way(direction) == setting.one_way(direction)).then_some(*onset)
        };
        match setting.directions {
            Directions::Only(direction) => same(direction),
            Directions::Both => {
                let (up, down) = (same(Direction::Up)?, same(Direction::Down)?);
                (up.at == down.at).then_some(Onset {
                    at: up.at,
                    from: PerDirection::of(up.from.up, down.from.down),
                })
            }
        }
    }

    /// What the first parameter of the setting with another one's kind and name is in a direction at `now`: in seconds, or in
    /// bytes per second. A time that is not set is zero.
    fn number(&self, other: &Setting, direction: Direction, now: Instant) -> Option<f64> {
        match self.acting(other.kind, other.name.as_ref(), direction, now) {
            Some(it) => Some(it.motion()?.at(now)),
            None => (other.kind.params.first()?.unit == Unit::Time).then_some(0.0),
        }
    }
}

// === impl Onset ===

impl Onset {
    /// When a setting that was set then begins to act; `None` where that is beyond what can be counted.
    fn since(&self, setting: &Setting) -> Option<Instant> {
        self.at.checked_add(setting.schedule.start)
    }

    /// Whether a setting that was set then acts at `now`.
    fn acts(&self, setting: &Setting, now: Instant) -> bool {
        self.since(setting)
            .is_some_and(|since| setting.schedule.covers(since, now))
    }

    /// When a setting that was set then ends to act, where it does.
    fn ends(&self, setting: &Setting) -> Option<Instant> {
        self.since(setting)?.checked_add(setting.schedule.lasts?)
    }

    /// A setting that was set then, as it acts in a direction.
    fn one_way(&self, setting: &Setting, direction: Direction) -> Option<OneWay> {
        Some(OneWay {
            setting: setting.one_way(direction)?,
            since: self.since(setting)?,
            from: self.from[direction],
        })
    }
}

// === impl OneWay ===

impl OneWay {
    /// How its first parameter moves, where that has a number.
    pub(super) fn motion(&self) -> Option<Motion> {
        Motion::of(&self.setting, self.from, self.since)
    }

    /// The setting as it is at `now` in a value that stands still; `None` where it stands still by itself.
    fn stilled(self, now: Instant) -> Option<Setting> {
        let motion = self.motion().filter(|motion| !motion.is_still(now))?;
        Some(motion.stilled(self.setting, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::language;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for simulated times, never read again"
    )]
    fn what_passes_is_the_least_that_acting_faults_of_the_direction_let_through() {
        let now = Instant::now();
        for (faults, up, down) in [
            ("latency 50ms", None, None),
            ("bandwidth 100kB/s", Some(100_000), Some(100_000)),
            ("bandwidth 100kB/s up", Some(100_000), None),
            ("bandwidth 100kB/s start=1s", None, None),
            ("bandwidth 100kB/s share=99%", None, None),
            ("loss 1% rtt=100ms down", None, Some(176_655)),
            ("latency 100ms, loss 1%", Some(176_655), Some(176_655)),
            ("tcp cubic rwnd=1MB", None, None),
            (
                "latency 100ms, tcp cubic rwnd=1MB",
                Some(10_000_000),
                Some(10_000_000),
            ),
            (
                "bandwidth 50kB/s, latency 100ms, loss 1%",
                Some(50_000),
                Some(50_000),
            ),
        ] {
            let mut plan = Plan::of(language::parse(faults).expect("faults"));
            let passes = |plan: &Plan| {
                let in_force = InForce::succeed(&InForce::default(), plan.clone(), now);
                Direction::BOTH.map(|direction| in_force.passes_of_all(direction, now))
            };
            let expected = [up, down].map(|rate| rate.map(ByteRate::new));
            assert_eq!(passes(&plan), expected, "{faults}");
            plan.bypassed = true;
            assert_eq!(passes(&plan), [None, None], "{faults}, bypassed");
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for simulated times, never read again"
    )]
    fn what_is_set_alone_begins_when_it_was_set_and_the_rest_when_it_would() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let plan = |faults| Plan::of(language::parse(faults).expect("faults"));
        let base = plan("latency 100ms, bandwidth 1MB/s start=20s");
        let base = InForce::succeed(&InForce::default(), base, start);
        let [latency, bandwidth] = ["latency", "bandwidth"].map(Kind::named);
        let (latency, bandwidth) = (latency.expect("a kind"), bandwidth.expect("a kind"));
        let mut own = Own::default();
        own.set(latency, &plan("latency 1s start=5s"));
        let one = base.with_own(&own, at(10));
        let acts = |kind, seconds| {
            one.acting(kind, None, Direction::Up, at(seconds))
                .map(|it| it.since)
        };
        assert_eq!(acts(latency, 14), None, "its own start");
        assert_eq!(acts(latency, 15), Some(at(15)));
        assert_eq!(acts(bandwidth, 19), None, "as on its proxy");
        assert_eq!(acts(bandwidth, 20), Some(at(20)));
        own.exempt = true;
        let spared = base.with_own(&own, at(10));
        assert!(spared.plan().is_empty());
        assert!(spared.next_turn(at(0)).is_none());
    }
}
