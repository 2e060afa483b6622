//! Benchmark of decisions alone, with a million sessions in memory: `cargo bench --bench ledger`.
//! A decision must take at most a microsecond (docs/FIGURES.md).

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use usher::ids::{DeviceId, EventNo, LicenseId, PoolId, SessionId, TenantId, TenantNo, UserId, random_seed};
use usher::ledger::change::{Actor, Changes, Limit, Plan};
use usher::ledger::command::{
    CheckIn, CheckOut, Command, CreateTenant, Heartbeat, InstallLicense, LicenseGrant, Outcome, Request,
};
use usher::ledger::policy::{Policy, UnknownUsers};
use usher::ledger::rates::{Rate, RateLimits};
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::{Config, Ledger, Seed};

const SESSIONS: usize = 1_000_000;
const NOW: Moment = Moment::new(Tick(1_800_000_000_000), WallTime(1_800_000_000_000));

struct Million {
    ledger: Ledger,
    tenant: TenantId,
    actor: Actor,
    sessions: Vec<SessionId>,
    next: usize,
}

impl Million {
    fn new() -> Self {
        let admissions = Rate { burst: u32::MAX, each: Duration::from_millis(1) };
        let rates = RateLimits { admissions, ..RateLimits::DEFAULT };
        let config = Config { demo_seats: 0, channels: Default::default(), seed: Seed(random_seed()), rates };
        let ledger = Ledger::restore(config, TenantNo(0), EventNo(0), WallTime(0), NOW, Duration::ZERO).finish();
        let tenant = TenantId::parse("acme").expect("an id");
        let mut this =
            Self { ledger, tenant, actor: Actor("bench".into()), sessions: Vec::with_capacity(SESSIONS), next: 0 };
        let policy = Policy { unknown_users: UnknownUsers::Admit, ..Policy::default() };
        this.apply(CreateTenant { display_name: "".into(), contact: "".into(), policy }.into());
        let pool =
            |name: &str, seats| (PoolId::parse(name).expect("an id"), Plan::Concurrent, Limit::Seats(seats)).into();
        let pools = vec![pool("primary", SESSIONS as u64 + 1), pool("full", 0)];
        let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
        this.apply(InstallLicense { license: LicenseId::parse("l").expect("an id"), grant }.into());
        for number in 0..SESSIONS {
            let login = check_out("primary", number);
            this.sessions.push(login.fresh);
            let Outcome::CheckOut(Ok(answer)) = this.apply(login.into()) else { unreachable!() };
            assert!(answer.decision.is_ok(), "{answer:?}");
        }
        this
    }

    fn request(&self, command: Command) -> Request {
        Request { tenant: self.tenant.clone(), actor: self.actor.clone(), command }
    }

    fn apply(&mut self, command: Command) -> Outcome {
        let request = self.request(command);
        self.ledger.apply(request, NOW, &mut Changes::default())
    }

    /// Returns another session, far away in memory from the one before.
    fn any(&mut self) -> SessionId {
        self.next = (self.next + 7_919_003) % SESSIONS;
        self.sessions[self.next]
    }
}

fn check_out(pool: &str, user: usize) -> CheckOut {
    CheckOut {
        pool: PoolId::parse(pool).expect("an id"),
        user: UserId::parse(&format!("user{user:07}@example.com")).expect("an id"),
        device: DeviceId::parse("laptop").expect("an id"),
        organization: None,
        client: "".into(),
        check_only: false,
        fresh: SessionId::random(),
        alternatives: Vec::new(),
    }
}

fn decisions(criterion: &mut Criterion) {
    let mut million = Million::new();
    let mut group = criterion.benchmark_group("with 1,000,000 sessions");
    group.measurement_time(Duration::from_secs(4));
    group.bench_function("heartbeat", |bencher| {
        let heartbeats: Vec<_> = (0..100_000).map(|_| (million.any(), true)).collect();
        let mut heartbeats = heartbeats.into_iter().cycle();
        let mut changes = Changes::default();
        bencher.iter_batched(
            || Heartbeat { heartbeats: vec![heartbeats.next().expect("endless")] }.into(),
            |command| {
                let request = million.request(command);
                black_box(million.ledger.apply(request, NOW, &mut changes))
            },
            BatchSize::SmallInput,
        );
    });
    let mut changes = Changes::default();
    let mut number = 0;
    group.bench_function("check-out and check-in, two decisions", |bencher| {
        bencher.iter_batched(
            || {
                number = (number + 7_919) % 1_000;
                check_out("primary", SESSIONS + number)
            },
            |login| {
                let session = login.fresh;
                let request = million.request(login.into());
                let out = million.ledger.apply(request, NOW, &mut changes);
                let request = million.request(CheckIn { session }.into());
                let back = million.ledger.apply(request, NOW, &mut changes);
                changes.rows.clear();
                changes.events.clear();
                (out, back)
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("denied check-out", |bencher| {
        let mut changes = Changes::default();
        bencher.iter_batched(
            || check_out("full", 0),
            |login| {
                let request = million.request(login.into());
                black_box(million.ledger.apply(request, NOW, &mut changes))
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
