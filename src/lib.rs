//! faultboard: a terminal mixing desk for network faults.
//!
//! A client connects to a local port; faultboard forwards the bytes to the upstream behind it, shows every live
//! connection, and turns latency, bandwidth, loss and other faults up and down while the bytes flow.
//!
//! # Layers
//!
//! ```text
//!  main, program, allocator the program: what it opens, what ends it
//!    │
//!    ├─ cli, check          the command line, and what can be told of it without starting anything
//!    ├─ ui                  the console: keys in, frames out (feature `tui`)
//!    ├─ headless, operate   the program without a screen: commands in, events out
//!    ├─ api                 the desk driven by other programs, over HTTP (feature `api`)
//!    ├─ demo, logging       built-in upstreams with traffic; the structured log
//!    ├─ farewell            what leaving says of a session
//!    ├─ tape                what was done and met in a session, recorded, read and played again
//!    ├─ expect, report      what a script demands of it; a page for people
//!    ▼
//!  remote                   engines elsewhere as one desk, over HTTP (feature `api`)
//!  desk                     what the console works on: the engine here, or engines elsewhere
//!  request                  what the console and commands ask of the engine, and what becomes of it
//!    ▼
//!  proxy                    the engine: sockets, threads, TLS, counters, the one clock
//!    ▼
//!  wire                     what the engine shows and tells, as lines of JSON, and back
//!  snapshot                 what the engine shows of itself, as plain data
//!  findings                what facts tell of an application: its habits, with their evidence
//!  fault, mapping, command, preset, scene, tour    text to data and back; what faults do to bytes
//!  sweep                one fault climbed until something gives: its steps, the cliff, the sentence
//!  toxic                    toxiproxy's toxics as settings, and back
//!  address                  the grammar of an API's address
//!  units, format, syntax    quantities; figures and texts for people; errors with a caret
//!  file, look, folders      files that are read whole, but never without end; the words for what the console looks like;
//!                           where the user's own files are
//! ```
//!
//! - What stands below [`proxy`] is pure (but for [`file`](mod@file) and for what reads a scene by it): no IO, no clock, no global
//!   randomness. A fault is told the time and draws from a generator that its connection owns. Nothing below [`proxy`] knows
//!   tokio.
//! - `ui` splits once more: `update` changes the model and does no IO, `view` draws it and changes nothing, and what must
//!   happen outside is an effect that the loop carries out.
//! - [`stop`] says why a run ends from outside; the program's allocator is chosen beside `main`.
//!
//! An import that points upwards fails `tests/architecture.rs`.
//!
//! # The way of a byte
//!
//! ```text
//!         accept          hand-off to a worker     one task per connection, both directions in one poll loop
//! client ───────► listener ─────────► connection ──┬─ up:   read ► Link::push ► Link::poll ► write ► upstream
//!                                           │      └─ down: read ► Link::push ► Link::poll ► write ► client
//!                                           │ counters, one writer       ▲ generation changed? take the new plan
//!                                           ▼                            │ (woken only if it holds something)
//!                                        meters ◄── collector, 10 Hz     │
//!                                                        │ watch<Arc<Snapshot>>
//! key ─► keymap ─► Action ─► update(&mut Model) ─► Effect ─► Request ─► Engine::set_plan
//! ```
//!
//! | what one looks for | where it is |
//! |---|---|
//! | where a byte is read and written | `proxy::relay::flow` decides when, a direction at a time; `proxy::leg` adds TLS; the system call is in `proxy::net::socket` |
//! | where a byte is delayed, cut or changed | `fault::link` asks `fault::chain`, which asks one file of `fault::kinds` a kind |
//! | where a key becomes a change | `ui::keymap` makes an action of it, `ui::update` has `fault::dial` (there called `knob`) change the setting, [`request`] carries the plan to the engine |
//! | what one connection is spared, and how it is looked at closely | `fault::own` says what acts on it, `proxy::record` keeps it, `proxy::meter::watch` notes what happens to it |
//! | where a word becomes a change | [`command`] reads it, [`operate`] finds whom it means, [`request`] asks the engine |
//! | where a new kind of fault goes | one file in `fault::kinds` and its word in the table there, then README's table. Its row says where a byte meets it (`stage`), whether it ends connections (`ends`) and changes bytes (`alters`) |
//! | where a fault is climbed step by step | `sweep` says which steps and what gave, `proxy::sweeps` sets them on the engine |
//! | where a mapping is read | [`mapping`], a function for each production of its grammar |
//! | where a habit of an application is told | one file in `findings`, and its line in the table there |
//! | who may ask what of the API | `api::guard` |
//! | what a program or a console elsewhere is told, and how it is read | `wire` says what a line is, `api::live` sends it |
//! | where our own API has a path | `api::live`, and its line in `assets/openapi.json` |
//! | how the console works over an engine elsewhere | `remote::follow` reads its frames, `remote::words` says what is asked of it; `desk` is what the console sees of both |
//! | which fault a toxic of toxiproxy is, and which toxics a plan comes to | `toxic` |
//! | how the console works over toxiproxy's own server | `remote::toxiproxy`; `desk::Program` says what such a server cannot do, and the console asks nothing else |
//! | where TLS with an upstream is set up | [`proxy::tls`] |
//! | what is measured, and when | `proxy::meter` counts, `proxy::collector` reads ten times a second |
//!
//! # Words
//!
//! What a user meets:
//!
//! - *mapping*: a parsed line, `35432=psql://my-db as orders`. *Proxy*: a mapping while it runs.
//! - *client*: the peer that connected to us. *Upstream*: the peer that we dial. *Connection*: one client and its upstream.
//!   *Leg*: one of the connection's two sockets. *Up* is client to upstream, *down* the way back.
//! - *fault*: an effect. *Kind*: its row in the table of faults. *Setting*: a kind with values, a share and directions.
//!   A setting may have a *name*, which tells it apart from others of its kind and direction: knobs turn the one without.
//!   *Plan*: all settings of a proxy, as its user asked for them. *Plan in force*: a plan together with when each setting was
//!   set.
//! - *share*: the part of the connections that a setting hits. *Bypass*: all faults of a proxy switched off, their settings
//!   kept. *Solo*: one proxy with its faults, the others bypassed.
//! - *ended*: a connection that is over, whatever ended it. *Done*: ended by a peer, as connections do. *Cut*: ended by a fault.
//!   *Failed*: ended by an error, because the upstream was not reached, refused TLS, or a peer reset it; *left* are those of them that
//!   the client reset. *Reset*: ended by an RST, by whom ever.
//! - *added*: how long bytes were really held. *Feels*: the time from a client's first byte after silence to the first byte back.
//!
//! What the code uses in a sense of its own:
//!
//! - *beat*: one round of the collector, ten a second; with `reset every=`, the moments at which all connections are reset.
//! - *budget*: how many bytes may be held, by one direction and by all together. A direction is *full* when it holds all that it
//!   may; its sender is not read until something has left.
//! - *chunk*: bytes as one read brought them. *Segment*: bytes in a queue, with the time of their arrival. *Slice*: a part of a
//!   segment that is written at once.
//! - *circle*: mappings that lead back to one of themselves. *Round*: how often one client's bytes have passed a desk.
//! - *fate*: what a fault has decided about bytes or a connection before it happens. It is drawn from numbers that belong to the
//!   connection, so a change of settings does not draw it anew.
//! - *gate*: the last stage of a link, which holds bytes whatever their pace (`blackhole`, `timeout`, `flap`); and in
//!   `proxy`, what opens and closes a proxy's port.
//! - *generation*: the number of a proxy's plan, counted up by each change. A connection takes the new plan when its own number
//!   is another one.
//! - *held*: bytes that a fault keeps back; they leave when the plan in force says so.
//! - *link*: one direction of a connection as a pure state: what waits, and when it may leave. *Stage*: one fault in it, and
//!   the place where a byte meets it. *Chain*: its stages in their order. *Head*: the bytes at its front, the only ones whose
//!   time is computed.
//! - *message*: what the desk reads at once of what an application wrote. *Late*: a message with bytes that a stall held, the
//!   stream having waited for a lost packet to be sent again. Those that a smaller window keeps at the sender are not counted.
//! - *own*: what holds for one connection alone, over the plan of its proxy: *exempt* from faults, *frozen* so that all its
//!   bytes wait, or a kind set otherwise.
//! - *park*: what a task does that has nothing to do now: it leaves word who is to be woken, looks once more, and waits.
//! - *record*: what everybody may know of one connection: its counters, its state, the orders for it, and how it ended.
//! - *sender*: in `fault`, the virtual TCP sender of one direction of a connection. *Line*: what its packets pass on their way:
//!   losses, a queue, a rate, a delay.
//! - *stir*: whatever a connection did since the last beat. Connections that have not stirred are not visited.
//! - *taken*: how many connections run a change of the plan, as in `taken by 4 of 4`; those that the change ended count in
//!   both numbers. A connection that holds nothing counts at once, because it looks before its next byte, unless the new plan
//!   may end it or has a schedule: then it must report. In `fault`, a *cut* is how a fault ends a connection. *Up to date*: the open connections that run the newest plan, as in `set 4/4`.
//! - *trip*: a round trip of the connection that is *watched*, in its parts: held by faults, the upstream's, our own. Only of
//!   that one connection are trips, delays and bytes noted one by one.
//! - *turn*: the next moment at which a plan in force changes by itself (a schedule, a wave, a ramp); in `ui`, one step of a
//!   knob.
//! - *draft*: in `ui`, a plan that was sent and that no snapshot shows yet. *Stop*: one of the nine values that a knob's keys
//!   jump to.

pub mod address;
#[cfg(feature = "api")]
pub mod api;
pub mod check;
pub mod cli;
pub mod command;
pub mod demo;
pub mod desk;
pub mod expect;
pub mod farewell;
pub mod fault;
pub mod file;
pub mod findings;
pub mod folders;
pub mod format;
pub mod headless;
pub mod logging;
pub mod look;
pub mod mapping;
pub mod operate;
pub mod preset;
pub mod proxy;
#[cfg(feature = "api")]
pub mod remote;
pub mod report;
pub mod request;
pub mod scene;
pub mod snapshot;
pub mod stop;
pub mod sweep;
pub mod syntax;
pub mod tape;
pub mod tour;
pub mod toxic;
#[cfg(feature = "tui")]
pub mod ui;
pub mod units;
pub mod wire;
