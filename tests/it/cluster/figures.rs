//! Times as percentiles: printed as rows of a table, and held to their bounds.
//!
//! With `USHER_CLUSTER_FIGURES` the times are also added to a file of their own in that folder, and `cluster.md` there
//! is the table of everything that was measured so far, in this run and in former ones.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const HEAD: &str = "| event | measured | half | 99 of 100 | longest |\n|---|---|---|---|---|\n";
/// Fewer times than this say nothing of one in a hundred; and a run that measures so few is one among other tests, on a
/// machine that is busy with them.
const ENOUGH: usize = 100;

/// The bounds of a figure.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// For half of the times, if a hundred were measured.
    pub half: Duration,
    /// For 99 of 100, likewise.
    pub most: Duration,
    /// For each time, on a busy machine.
    pub each: Duration,
}

#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    times: Vec<Duration>,
}

impl Figure {
    /// `name`: the event, and what the time is.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), times: Vec::new() }
    }

    pub fn add(&mut self, times: impl IntoIterator<Item = Duration>) {
        self.times.extend(times);
    }

    /// The time that so many of a hundred do not exceed.
    fn percentile(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        let at = (times.len() * percent).div_ceil(100).max(1) - 1;
        times.get(at).copied().unwrap_or_default()
    }

    fn row(&self) -> String {
        let [half, most, longest] = [50, 99, 100].map(|percent| self.percentile(percent).as_millis());
        format!("| {} | {} | {half} ms | {most} ms | {longest} ms |\n", self.name, self.times.len())
    }

    /// Prints the figure, and adds it to the files.
    ///
    /// # Panics
    /// If it is not within its bounds.
    pub fn report(&self, bounds: Bounds) {
        print!("{}", self.row());
        self.keep();
        self.hold_to(bounds);
    }

    /// # Panics
    /// If it is not within its bounds.
    fn hold_to(&self, bounds: Bounds) {
        assert!(!self.times.is_empty(), "{}: nothing was measured", self.name);
        let Bounds { half, most, each } = bounds;
        assert!(self.percentile(100) <= each, "{}\neach may take {each:?}", self.row());
        if self.times.len() >= ENOUGH {
            assert!(self.percentile(50) <= half, "{}\nhalf of them may take {half:?}", self.row());
            assert!(self.percentile(99) <= most, "{}\n99 of 100 may take {most:?}", self.row());
        }
    }

    #[allow(clippy::disallowed_methods)] // The folder is no setting of the program.
    fn keep(&self) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let Ok(folder) = std::env::var("USHER_CLUSTER_FIGURES").map(PathBuf::from) else { return };
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(&folder).expect("the folder of the figures");
        let letters = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        let file = folder.join(letters.collect::<String>()).with_extension("txt");
        if !file.exists() {
            fs::write(&file, format!("{}\n", self.name)).expect("a file");
        }
        let mut file = OpenOptions::new().append(true).open(&file).expect("a file");
        let lines: String = self.times.iter().map(|time| format!("{}\n", time.as_micros())).collect();
        file.write_all(lines.as_bytes()).expect("a file");
        fs::write(folder.join("cluster.md"), table(&folder)).expect("a file");
    }
}

/// The table of all figures in a folder.
fn table(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("the folder of the figures").flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    let rows = files.iter().map(|file| {
        let text = fs::read_to_string(file).expect("a file");
        let mut lines = text.lines();
        let mut figure = Figure::new(lines.next().unwrap_or_default());
        figure.add(lines.map(|line| Duration::from_micros(line.parse().expect("a number"))));
        figure.row()
    });
    std::iter::once(HEAD.to_owned()).chain(rows).collect()
}

#[test]
fn percentiles_are_those_of_the_times() {
    let mut figure = Figure::new("hundred");
    assert_eq!(figure.row(), "| hundred | 0 | 0 ms | 0 ms | 0 ms |\n");
    figure.add((1..=100).rev().map(Duration::from_millis));
    assert_eq!(figure.row(), "| hundred | 100 | 50 ms | 99 ms | 100 ms |\n");
    let bounds = |half, most, each| {
        let [half, most, each] = [half, most, each].map(Duration::from_millis);
        let figure = figure.clone();
        std::panic::catch_unwind(move || figure.hold_to(Bounds { half, most, each })).is_ok()
    };
    assert!(bounds(50, 99, 100));
    assert!(!bounds(49, 99, 100) && !bounds(50, 98, 100) && !bounds(50, 99, 99));
}
