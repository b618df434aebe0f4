//! What processes use, from `/proc`: memory and processor time of one and of all that it started.

use std::collections::BTreeMap;
use std::fs;

/// Ticks of `/proc/PID/stat` in a second: the kernel tells user space 100 on every machine.
const TICKS: f64 = 100.0;

/// What a process and its children use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor seconds since they started.
    pub cpu: f64,
    /// MiB in memory now; what they share counts once.
    pub memory: f64,
    /// The most MiB that each had in memory at some moment, added up.
    pub peak: f64,
}

/// What `root` and all its descendants use.
pub fn usage(root: u32) -> Usage {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(stat) = Stat::of(id) {
            children.entry(stat.parent).or_default().push(id);
        }
    }
    let mut sum = Usage::default();
    let mut left = vec![root];
    while let Some(id) = left.pop() {
        left.extend(children.get(&id).into_iter().flatten());
        if let Some(stat) = Stat::of(id) {
            sum.cpu += stat.cpu;
        }
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
        sum.memory += mib(&rollup, "Pss:").or_else(|| mib(&status, "VmRSS:")).unwrap_or(0.0);
        sum.peak += mib(&status, "VmHWM:").unwrap_or(0.0);
    }
    sum
}

/// Processor seconds of the whole machine so far.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// All its work.
    pub worked: f64,
    /// What its host gave to other machines while this one had work to do.
    pub stolen: f64,
}

/// What the machine has spent.
pub fn machine() -> Machine {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<f64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let sum = |places: &[usize]| places.iter().filter_map(|place| ticks.get(*place)).sum::<f64>() / TICKS;
    // user, nice, system, (idle, waiting for disks,) interrupts, soft interrupts, stolen
    Machine { worked: sum(&[0, 1, 2, 5, 6]), stolen: sum(&[7]) }
}

struct Stat {
    parent: u32,
    cpu: f64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name before the bracket may have spaces in it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
        Some(Self { parent: fields.get(1)?.parse().ok()?, cpu: ticks / TICKS })
    }
}

fn mib(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
