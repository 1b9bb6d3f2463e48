//! The console's loop in a task, on a terminal in memory that a test can look at, with keys that it presses.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use faultboard::farewell::Farewell;
pub(crate) use faultboard::ui::Options;
use faultboard::ui::{self, RunError};
use futures_util::stream::poll_fn;
use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio::task::JoinHandle;

use crate::desk::Desk;

/// A console that runs.
pub(crate) struct Console {
    pub(crate) desk: Desk,
    keys: Arc<Mutex<Keys>>,
    terminal: Shared,
    task: JoinHandle<Result<Farewell, RunError>>,
}

/// What was pressed, as the stream of a real terminal has it: it wakes the one who asked first, and nobody else who asks
/// before something comes.
#[derive(Default)]
struct Keys {
    pressed: VecDeque<io::Result<Input>>,
    first: Option<Waker>,
    gone: bool,
}

impl Keys {
    fn push(&mut self, input: io::Result<Input>) {
        assert!(!self.gone, "it has not hung up");
        self.pressed.push_back(input);
        self.wake();
    }

    fn wake(&mut self) {
        self.first.take().into_iter().for_each(Waker::wake);
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<io::Result<Input>>> {
        match self.pressed.pop_front() {
            Some(input) => Poll::Ready(Some(input)),
            None if self.gone => Poll::Ready(None),
            None => {
                self.first.get_or_insert_with(|| context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Console {
    /// A console of 80×24 over an empty desk.
    pub(crate) fn start(options: Options) -> Self {
        Self::over(Desk::default(), options)
    }

    /// A console of 80×24 over this desk.
    pub(crate) fn over(desk: Desk, options: Options) -> Self {
        let keys = Arc::<Mutex<Keys>>::default();
        let pressed = Arc::clone(&keys);
        let shared = Shared::new(80, 24);
        let terminal = Terminal::new(shared.clone()).expect("nothing fails in memory");
        let events = poll_fn(move |context| pressed.lock().poll(context));
        let task = tokio::spawn(ui::run(terminal, events, desk.clone(), options));
        Self {
            desk,
            keys,
            terminal: shared,
            task,
        }
    }

    /// Lets so much time go by, and everything happen that is due then.
    pub(crate) async fn wait(&mut self, time: Duration) {
        // The clock is paused: it moves on once every task waits.
        tokio::time::sleep(time.max(Duration::from_millis(1))).await;
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
    }

    /// Something comes from the terminal.
    pub(crate) fn send(&mut self, input: Input) {
        self.keys.lock().push(Ok(input));
    }

    /// A key is pressed.
    pub(crate) fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.send(Input::Key(KeyEvent::new(code, modifiers)));
    }

    /// Letters are typed.
    pub(crate) fn press(&mut self, letters: &str) {
        for letter in letters.chars() {
            self.key(KeyCode::Char(letter), KeyModifiers::NONE);
        }
    }

    /// The keyboard cannot be read any more.
    pub(crate) fn fail(&mut self, error: io::Error) {
        self.keys.lock().push(Err(error));
    }

    /// The terminal goes away.
    pub(crate) fn hang_up(&mut self) {
        let mut keys = self.keys.lock();
        keys.gone = true;
        keys.wake();
    }

    /// The terminal gets another size.
    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.terminal.screen.lock().resize(width, height);
        self.send(Input::Resize(width, height));
    }

    /// Another program writes over the screen.
    pub(crate) fn scribble(&mut self) {
        let cell = Cell::new("scribble");
        let mut screen = self.terminal.screen.lock();
        let Ok(()) = screen.draw([(0, 23, &cell)].into_iter());
    }

    /// How many frames were drawn.
    pub(crate) fn frames(&self) -> usize {
        self.terminal.frames.load(Ordering::Relaxed)
    }

    /// What is on the screen.
    pub(crate) fn screen(&self) -> String {
        self.terminal.screen.lock().to_string()
    }

    /// Whether the console has left.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// What it left with, once it has.
    pub(crate) async fn left(self) -> Result<Farewell, RunError> {
        let left = tokio::time::timeout(Duration::from_secs(60), self.task).await;
        left.expect("it leaves").expect("it does not panic")
    }
}

/// A terminal in memory; clones are the same one.
#[derive(Clone)]
struct Shared {
    screen: Arc<Mutex<TestBackend>>,
    frames: Arc<AtomicUsize>,
}

impl Shared {
    fn new(width: u16, height: u16) -> Self {
        Self {
            screen: Arc::new(Mutex::new(TestBackend::new(width, height))),
            frames: Arc::default(),
        }
    }
}

impl Backend for Shared {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.screen.lock().draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.screen.lock().hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.screen.lock().show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        panic!("the console must not ask the terminal: the answer would arrive as keys")
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.screen.lock().set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.screen.lock().clear()
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Infallible> {
        self.screen.lock().clear_region(region)
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.screen.lock().size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.screen.lock().window_size()
    }

    /// Ends a frame.
    fn flush(&mut self) -> Result<(), Infallible> {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.screen.lock().flush()
    }
}
