//! The queue under every policy, against a model that knows nothing but a list.

use proptest::prelude::*;

use super::marks::Marks;
use super::*;

const CAPACITY: usize = 100;

#[derive(Clone, Debug)]
enum Step {
    Push {
        bytes: usize,
        priority: u8,
    },
    /// The worker takes a batch, unless it has one.
    Take,
    /// The sink is done with it, and has lost so many.
    Settle {
        lost: u64,
    },
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Record(Vec<u8>, u8),
    Gap(Reason),
}

/// What a queue should do, in as few words as possible.
struct Model {
    policy: Policy,
    one_by_one: bool,
    tells_gaps: bool,
    waiting: Vec<Item>,
    in_flight: Option<Vec<Item>>,
    closed: bool,
    produced: u64,
    delivered: u64,
    dropped: [u64; Reason::ALL.len()],
}

fn records(items: &[Item]) -> impl Iterator<Item = &Vec<u8>> {
    items.iter().filter_map(|item| if let Item::Record(bytes, _) = item { Some(bytes) } else { None })
}

fn size(items: &[Item]) -> usize {
    records(items).map(Vec::len).sum()
}

impl Model {
    fn pending(&self) -> (u64, u64) {
        let all = || [&*self.waiting, self.in_flight.as_deref().unwrap_or_default()];
        let count: usize = all().map(|items| records(items).count()).iter().sum();
        (count as u64, all().map(size).iter().sum::<usize>() as u64)
    }

    fn drop_one(&mut self, reason: Reason) {
        self.dropped[reason as usize] += 1;
    }

    fn push(&mut self, record: Vec<u8>, priority: u8) {
        self.produced += 1;
        if self.closed {
            return self.drop_one(Reason::Closed);
        }
        let rank = match self.policy {
            Policy::DropOldest => 0,
            Policy::DropBelow(rank) => rank,
            Policy::DropNewest | Policy::Block(_) => u8::MAX,
        };
        let gives_way = |item: &Item| match (item, self.policy) {
            (Item::Record(..), Policy::DropOldest) => true,
            (Item::Record(_, priority), Policy::DropBelow(rank)) => *priority < rank,
            _ => false,
        };
        let pending = self.pending().1 as usize;
        let could: usize =
            size(&self.waiting.iter().filter(|item| gives_way(item)).cloned().collect::<Vec<_>>());
        let excess = (pending + record.len()).saturating_sub(CAPACITY);
        if excess > 0 && (priority < rank || excess > could || record.len() > CAPACITY) {
            self.waiting.push(Item::Gap(Reason::QueueFull));
            return self.drop_one(Reason::QueueFull);
        }
        let mut freed = 0;
        while freed < excess {
            let place = self.waiting.iter().position(gives_way).unwrap();
            let Item::Record(bytes, _) =
                std::mem::replace(&mut self.waiting[place], Item::Gap(Reason::Evicted))
            else {
                unreachable!()
            };
            freed += bytes.len();
            self.dropped[Reason::Evicted as usize] += 1;
        }
        self.waiting.push(Item::Record(record, priority));
    }

    /// The bytes and gaps that the sink should see.
    fn take(&mut self) -> (Vec<u8>, Vec<Gap>) {
        let evicts = matches!(self.policy, Policy::DropOldest | Policy::DropBelow(_));
        let (mut taken, mut bytes, mut count) = (Vec::new(), 0, 0);
        let all = size(&self.waiting);
        while let Some(item) = self.waiting.first() {
            if let Item::Record(record, _) = item {
                let full = self.one_by_one && count == 1
                    || !self.one_by_one
                        && evicts
                        && all > CAPACITY / 2
                        && count > 0
                        && bytes + record.len() > CAPACITY / 2;
                if full {
                    break;
                }
                (bytes, count) = (bytes + record.len(), count + 1);
            } else if self.one_by_one && count == 1 {
                break;
            }
            taken.push(self.waiting.remove(0));
        }
        let (mut text, mut gaps) = (Vec::new(), Vec::<Gap>::new());
        for item in &taken {
            match item {
                Item::Record(record, _) => text.extend_from_slice(record),
                Item::Gap(_) if !self.tells_gaps => {}
                Item::Gap(reason) => {
                    let same = gaps.iter_mut().find(|gap| gap.at == text.len() && gap.reason == *reason);
                    match same {
                        Some(gap) => gap.records += 1,
                        None => gaps.push(Gap { at: text.len(), reason: *reason, records: 1 }),
                    }
                }
            }
        }
        self.in_flight = Some(taken);
        (text, gaps)
    }

    fn settle(&mut self, lost: u64) {
        let Some(batch) = self.in_flight.take() else { return };
        let records = records(&batch).count() as u64;
        let lost = lost.min(records);
        self.dropped[Reason::Io as usize] += lost;
        self.delivered += records - lost;
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let push = || (0..45usize, 0..4u8).prop_map(|(bytes, priority)| Step::Push { bytes, priority });
    let large = (95..105usize, 0..4u8).prop_map(|(bytes, priority)| Step::Push { bytes, priority });
    let settle = (0..3u64).prop_map(|lost| Step::Settle { lost });
    let step = prop_oneof![
        24 => push(),
        1 => large,
        3 => Just(Step::Take),
        3 => settle,
    ];
    (proptest::collection::vec(step, 1..200), any::<bool>()).prop_map(|(mut steps, closes)| {
        if closes {
            steps.insert(steps.len() * 3 / 4, Step::Close);
        }
        steps
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![
        Just(Policy::DropNewest),
        Just(Policy::DropOldest),
        (0..5u8).prop_map(Policy::DropBelow),
        Just(Policy::Block(Duration::ZERO)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_policy_does_what_a_plain_list_would(
        policy in policies(),
        one_by_one: bool,
        tells_gaps: bool,
        steps in steps(),
    ) {
        let mut settings = Settings::new("t").capacity_bytes(CAPACITY).policy(policy);
        settings = if one_by_one { settings.one_by_one() } else { settings };
        settings = if tells_gaps { settings.tells_gaps() } else { settings };
        let queue = Queue::new(settings.clone());
        let mut model = Model {
            policy, one_by_one, tells_gaps,
            waiting: Vec::new(), in_flight: None, closed: false,
            produced: 0, delivered: 0, dropped: [0; Reason::ALL.len()],
        };
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push { bytes, priority } => {
                    let record = vec![number as u8; bytes];
                    queue.push_with(&record, priority);
                    model.push(record, priority);
                }
                Step::Take if model.in_flight.is_none() => {
                    let (mut batch, mut marks) = (Batch::default(), Marks::default());
                    let mut state = queue.0.lock();
                    prop_assert_eq!(state.filling.records > 0, records(&model.waiting).next().is_some());
                    if !state.has_work() {
                        continue;
                    }
                    state.take(&mut batch, &mut marks, &settings);
                    drop(state);
                    marks.finish(&mut batch, tells_gaps);
                    let (bytes, gaps) = model.take();
                    prop_assert_eq!(&batch.bytes, &bytes);
                    // Those beyond what is told apart are counted in.
                    if gaps.len() <= 16 {
                        prop_assert_eq!(&batch.gaps, &gaps);
                    } else {
                        let sum = |gaps: &[Gap]| gaps.iter().map(|gap| gap.records).sum::<u64>();
                        prop_assert_eq!(sum(&batch.gaps), sum(&gaps));
                    }
                }
                Step::Settle { lost } => {
                    if model.in_flight.is_some() {
                        queue.0.lock().settle(Losses::of(Reason::Io, lost), None);
                        model.settle(lost);
                    }
                }
                Step::Close => {
                    queue.0.lock().phase = Phase::Closed;
                    model.closed = true;
                }
                Step::Take => {}
            }
            let counts = queue.counts();
            prop_assert_eq!((counts.pending, counts.pending_bytes), model.pending());
            prop_assert_eq!((counts.produced, counts.delivered), (model.produced, model.delivered));
            prop_assert_eq!(counts.dropped, model.dropped);
            prop_assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending);
            prop_assert!(counts.pending_bytes <= CAPACITY as u64);
            let held = queue.0.lock().filling.bytes.len();
            prop_assert!(held <= CAPACITY * 5 / 4 + 45, "{} bytes are held", held);
        }
    }
}
